// Checks a dashboard against the TypeScript types of @grafana/schema: node check.mjs FOLDER DASHBOARD, where the folder has
// the packages of package.json. check.sh gets them.
//
// Grafana passes over a name that it does not know, and takes its default for a value that it does not understand. So each
// part of the dashboard becomes a constant of its type, in TypeScript, and the compiler says what is wrong with it. What is
// absent has Grafana's default. Not checked are the queries and the options of transformations: Grafana has no types for
// them.
import {readFileSync, readdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const [folder, file] = process.argv.slice(2);
const packages = join(folder, 'node_modules');
const ts = createRequire(join(folder, 'package.json'))('typescript');
const dashboard = JSON.parse(readFileSync(file, 'utf8'));

// In JSON an enumeration is its values, and nothing has to be there.
const prelude = `
import type {Dashboard, FieldConfig, Panel, RowPanel, VariableModel} from '@grafana/schema';
import type * as stat from 'panel/stat';
import type * as table from 'panel/table';
import type * as timeseries from 'panel/timeseries';
type Written<T> = 0 extends 1 & T ? any
  : T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer U> ? Array<Written<U>>
  : T extends object ? {[K in keyof T]?: Written<T[K]>}
  : T;
`;

// parts are the constants: what each is called when something is wrong with it, its type, and its value.
function parts() {
  const all = [];
  const part = (name, type, value) => value === undefined || all.push({name, type, value});
  const {panels, templating, ...rest} = dashboard;
  part('the dashboard', 'Dashboard', rest);
  for (const variable of templating.list) {
    part(`variable ${variable.name}`, 'VariableModel', variable);
  }
  for (const panel of panels) {
    const name = `panel "${panel.title}"`;
    if (panel.type === 'row') {
      part(name, 'RowPanel', panel);
      continue;
    }
    // The general type takes anything for these two; each kind of panel has its own.
    const {options, fieldConfig, ...other} = panel;
    const {defaults: {custom, ...defaults}, overrides} = fieldConfig;
    part(name, 'Panel', {...other, fieldConfig: {defaults, overrides}});
    part(`${name}, options`, `${panel.type}.Options`, options);
    // Type stat draws no fields of its own.
    const fields = panel.type === 'stat' ? '{}' : `${panel.type}.FieldConfig`;
    part(`${name}, custom`, fields, custom);
    for (const {matcher, properties} of overrides) {
      for (const {id, value} of properties) {
        const [type, key] = id.startsWith('custom.') ? [fields, id.slice('custom.'.length)] : ['FieldConfig', id];
        part(`${name}, override of ${matcher.options}, ${id}`, type, {[key]: value});
      }
    }
  }
  return all;
}

// source is the TypeScript of the parts. Each is on one line, so that a line tells which part it is.
function source(all) {
  return prelude + all.map((part, i) => `export const part${i}: Written<${part.type}> = ${JSON.stringify(part.value)};`).join('\n');
}

// typesOf are the files with the types of a package: where they are has changed over time.
function typesOf(name) {
  const {types, exports} = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));
  const paths = {'@grafana/schema': [join(packages, name, types ?? exports['.'].types)]};
  const files = readdirSync(join(packages, name, 'dist'), {recursive: true});
  for (const kind of ['stat', 'table', 'timeseries']) {
    const found = files.find((path) => path.includes(`composable/${kind}/panelcfg/`) && path.endsWith('.d.ts'));
    if (!found) {
      throw new Error(`${name} has no types for panels of type ${kind}`);
    }
    paths[`panel/${kind}`] = [join(packages, name, 'dist', found)];
  }
  return paths;
}

// differences are what the compiler has to say, in lines.
function differences(name, all) {
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, paths: typesOf(name),
  };
  const host = ts.createCompilerHost(options);
  const path = join(folder, 'dashboard.ts'), text = source(all), read = host.readFile, exists = host.fileExists;
  host.readFile = (asked) => (asked === path ? text : read(asked));
  host.fileExists = (asked) => asked === path || exists(asked);
  const original = host.getSourceFile;
  host.getSourceFile = (asked, version) =>
    asked === path ? ts.createSourceFile(path, text, version, true) : original(asked, version);
  const program = ts.createProgram([path], options, host);
  const before = prelude.split('\n').length - 1;
  return ts.getPreEmitDiagnostics(program).map((found) => {
    const message = ts.flattenDiagnosticMessageText(found.messageText, ' ');
    const line = found.file?.fileName === path ? found.file.getLineAndCharacterOfPosition(found.start).line - before : -1;
    return `${all[line]?.name ?? 'the types'}: ${message}`;
  });
}

const all = parts();
const versions = readdirSync(packages).filter((name) => name.startsWith('schema-')).sort();
let wrong = versions.length === 0;
for (const name of versions) {
  const found = differences(name, all);
  console.log(`Grafana ${name.slice('schema-'.length)}: ${all.length} parts, ${found.length} differences`);
  found.forEach((line) => console.log(`  ${line}`));
  wrong ||= found.length > 0;
}
process.exitCode = wrong ? 1 : 0;

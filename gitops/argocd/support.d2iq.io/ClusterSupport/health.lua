-- What Argo CD takes a SupportPolicy, a ClusterSupport or a SupportException for: one script for all three.
-- gitops/README.md has the table. It needs no library beyond Lua's base: Argo CD opens neither string nor io.

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type or ""] = condition
end

local function is(kind, value)
  return conditions[kind] ~= nil and conditions[kind].status == value
end

-- The API server takes no condition without a message. If there is one, a script that ends in an error would tell less.
local function message(kind)
  return conditions[kind].message or ""
end

local function say(kind)
  return kind .. " is " .. (conditions[kind].status or "Unknown") .. ": " .. message(kind)
end

-- As kstatus has it. The status may be about an older spec, or the operator has not written any.
local unevaluated = {status = "Progressing", message = "the operator has not evaluated the object yet"}
if status.observedGeneration ~= obj.metadata.generation then
  return unevaluated
end
if is("Reconciling", "True") then
  return {status = "Progressing", message = message("Reconciling")}
end
-- A person has to mend the spec, or the kubeconfig that it refers to.
if is("Stalled", "True") then
  return {status = "Degraded", message = message("Stalled")}
end
if conditions.Ready == nil then
  return unevaluated
end
if not is("Ready", "True") then
  return {status = "Progressing", message = say("Ready")}
end

-- From here on all is well with the object. That support ends is a day on the calendar, and a cluster that does not answer
-- is nothing that a sync has done: they are said, and only whoever asks for it by this annotation has them as Degraded.
local choice = (obj.metadata.annotations or {})["support.d2iq.io/unhealthy-when"]
if choice == "Unsupported" then
  for _, kind in ipairs({"Supported", "Compatible"}) do
    if is(kind, "False") then
      return {status = "Degraded", message = say(kind)}
    end
  end
elseif choice ~= nil and choice ~= "Invalid" then
  return {
    status = "Degraded",
    message = "the annotation support.d2iq.io/unhealthy-when is '" .. choice .. "'; it can be Invalid or Unsupported",
  }
end

-- How it stands, and beside that what is not as it should be.
local said = {}
for _, kind in ipairs({"Supported", "Active"}) do
  if conditions[kind] ~= nil then
    table.insert(said, say(kind))
  end
end
if is("Compatible", "False") then
  table.insert(said, say("Compatible"))
end
for _, kind in ipairs({"ExpiringSoon", "Conflicting"}) do
  if is(kind, "True") then
    table.insert(said, say(kind))
  end
end
if conditions.Reachable ~= nil and not is("Reachable", "True") then
  table.insert(said, say("Reachable"))
end
return {status = "Healthy", message = table.concat(said, "; ")}

# `make` alone prints what there is to do.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Go fetches the toolchain that go.mod names where the installed one is older, so that everybody builds with the security
# fixes that `vulnerabilities` asks for. Distributions switch that off in their Go; whoever sets the variable decides.
GOTOOLCHAIN ?= auto
export GOTOOLCHAIN

# The tools are pinned in modules of their own, where they do not meet the operator's dependencies. Go builds them when
# they are first used; run from here, they see the paths of this repository.
CONTROLLER_GEN := go tool -modfile=hack/tools/go.mod controller-gen
KUSTOMIZE      := go tool -modfile=hack/tools/go.mod kustomize
CRD_REF_DOCS   := go tool -modfile=hack/tools/go.mod crd-ref-docs
HELM           := go tool -modfile=hack/helm/go.mod helm
GOLANGCI_LINT  := go tool -modfile=hack/lint/go.mod golangci-lint-kube-api-linter
GOVULNCHECK    := go tool -modfile=hack/vulnerabilities/go.mod govulncheck

# Print the folder of the programs of a control plane, for KUBEBUILDER_ASSETS and, with an old API server, for
# KUBEBUILDER_ASSETS_OLD; build what is missing.
CONTROL_PLANE     := hack/controlplane/build.sh
OLD_CONTROL_PLANE := hack/controlplane/build.sh v1.24
# Prints the folder of Prometheus and Alertmanager, for PROMETHEUS_ASSETS, or nothing where they cannot be had.
PROMETHEUS := hack/prometheus/fetch.sh

KUBECTL ?= kubectl
# The program that builds images: docker, podman or another one with the same commands.
CONTAINER_TOOL ?= docker
# The image that is built, and that deploy applies.
IMG ?= support-policy-operator:latest
# The namespace of an operator that runs outside of the cluster. It is that of a deployed one, so that of the two only the
# one with the lease works.
NAMESPACE ?= support-policy-system
# What deploy applies: config/default for one cluster, config/fleet for one that manages others, config/sharded for very many.
CONFIG ?= config/default
# With true, uninstall and undeploy pass over what is not there.
ignore-not-found ?= false
# The version of what is built, such as v0.2.0. Without one the programs say what Go makes of the tags in Git.
VERSION ?=
# So many packages are tested at a time, each perhaps with API servers of its own.
TEST_PACKAGES ?= 2
TEST_TIMEOUT  ?= 15m
# So many clusters has the fleet that is measured.
CLUSTERS ?= 1000
# The files of internal/support that are mutated; all without any.
FILES ?=
# The version of the database of vulnerabilities, and the one that has to do where latest cannot be had.
VULNDB        ?= latest
PINNED_VULNDB := v0.0.0-20261105234957-e22db6528018
# The files with which the plugin is measured, as a regular expression over their names; all without any.
SHAPES ?=
# The folder below which the targets that generate files write.
INTO ?= .

##@ Help

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## "; print "Usage: make TARGET" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ Develop

# metav1.Condition brings the bound `minimum: 0` into every CRD. It is taken out: with Kubernetes 1.17 `kubectl apply`
# cannot change a CRD that has one. A property with the name minimum has its schema on the lines below, and stays.
.PHONY: manifests
manifests: ## Generate the CRDs and the RBAC role
	@$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=$(INTO)/config/crd/bases
	@for crd in $(INTO)/config/crd/bases/*.yaml; do \
		sed '/^ *minimum: 0$$/d' "$$crd" >"$$crd.new"; \
		mv "$$crd.new" "$$crd"; \
	done
	@$(CONTROLLER_GEN) rbac:roleName=support-policy-operator paths=./... output:rbac:artifacts:config=$(INTO)/config/rbac

.PHONY: generate
generate: ## Generate the deep copies of the types
	@$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/... output:object:dir=$(INTO)/api/v1alpha1

.PHONY: reference
reference: ## Generate the API reference
	@mkdir -p $(INTO)/docs/reference
	@$(CRD_REF_DOCS) --log-level=ERROR --config=docs/reference/config.yaml --templates-dir=docs/reference/templates \
		--source-path=api --renderer=markdown --output-path=$(INTO)/docs/reference/api.md

.PHONY: alerts
alerts: ## Generate the files of the alerts
	@mkdir -p $(INTO)/monitoring/prometheus $(INTO)/monitoring/prometheus-operator
	@go run ./monitoring/alerts/generate file >$(INTO)/monitoring/prometheus/rules.yaml
	@go run ./monitoring/alerts/generate object >$(INTO)/monitoring/prometheus-operator/prometheusrule.yaml

# A Helm chart can use only what is in its folder.
.PHONY: chart-files
chart-files: manifests alerts ## Copy into the charts what they share with the kustomizations
	@files=$(INTO)/charts/support-policy-operator/files; rm -rf "$$files"; mkdir -p "$$files"/{crds,kube-state-metrics}; \
		cp $(INTO)/config/crd/bases/*.yaml "$$files/crds"; \
		cp $(INTO)/config/rbac/role.yaml config/rbac/viewer.yaml config/rbac/*_editor.yaml monitoring/grafana/dashboard.json \
			$(INTO)/monitoring/prometheus-operator/prometheusrule.yaml monitoring/prometheus-operator/servicemonitor.yaml "$$files"; \
		cp config/network-policy/allow-metrics-traffic.yaml "$$files/networkpolicy.yaml"; \
		cp config/network-policy/egress/allow-api-servers.yaml "$$files/networkpolicy-api-servers.yaml"; \
		cp config/network-policy/egress-fleet/allow-dns.yaml "$$files/networkpolicy-dns.yaml"; \
		cp monitoring/kube-state-metrics/{config,role}.yaml "$$files/kube-state-metrics"
	@mkdir -p $(INTO)/charts/support-policies/files
	@$(KUSTOMIZE) build config/policies >$(INTO)/charts/support-policies/files/policies.yaml

# Of the version of the Helm chart, without a publisher, and with the image of config/manager; a release writes its own.
.PHONY: bundle
bundle: manifests ## Generate the bundle and the catalog for OLM
	@rm -rf $(INTO)/bundle $(INTO)/catalog
	@go run ./hack/bundle/generate $(INTO)

.PHONY: generate-all
generate-all: manifests generate reference alerts chart-files bundle ## Generate all of these files

.PHONY: run
run: manifests generate ## Run the operator here, against the cluster of the current kubeconfig
	go run . --namespace=$(NAMESPACE) --leader-elect

.PHONY: demo
demo: ## Show the operator at work on a control plane of its own
	@assets="$$($(CONTROL_PLANE))"; KUBEBUILDER_ASSETS="$$assets" go run ./test/demo

.PHONY: controlplane
controlplane: ## Build the control planes for tests and demo (minutes the first time); print their folders
	@$(CONTROL_PLANE)
	@$(OLD_CONTROL_PLANE)

.PHONY: prometheus
prometheus: ## Get Prometheus and Alertmanager for tests; print their folder
	@$(PROMETHEUS)

##@ Check

# Generated into a folder beside, so that neither uncommitted changes nor stale files hide a difference.
.PHONY: verify-generated
verify-generated: ## Check that what is generated is up to date
	@fresh="$$(mktemp -d)"; trap 'rm -rf "$$fresh"' EXIT; \
	$(MAKE) generate-all INTO="$$fresh"; \
	stale=; \
	for path in api/v1alpha1/zz_generated.deepcopy.go config/crd/bases config/rbac/role.yaml docs/reference/api.md \
		monitoring/prometheus/rules.yaml monitoring/prometheus-operator/prometheusrule.yaml \
		charts/support-policy-operator/files charts/support-policies/files bundle catalog; do \
		diff -ruN "$$path" "$$fresh/$$path" || stale=yes; \
	done; \
	if [[ -n "$$stale" ]]; then echo "run make generate-all" >&2; exit 1; fi

.PHONY: fmt
fmt: ## Format the Go files
	go fmt ./...

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: ## Run golangci-lint with the Kubernetes API linter
	$(GOLANGCI_LINT) run

.PHONY: lint-fix
lint-fix: ## Mend what golangci-lint can mend by itself
	$(GOLANGCI_LINT) run --fix

# Some tests run helm or promtool on files. Go does not know of these and would repeat an old result.
.PHONY: test
test: ## Run all tests, those against a control plane and Prometheus included
	@assets="$$($(CONTROL_PLANE))"; old="$$($(OLD_CONTROL_PLANE))"; prometheus="$$($(PROMETHEUS))"; \
	KUBEBUILDER_ASSETS="$$assets" KUBEBUILDER_ASSETS_OLD="$$old" PROMETHEUS_ASSETS="$$prometheus" \
		go test -count=1 -p $(TEST_PACKAGES) -timeout $(TEST_TIMEOUT) ./...

# In a folder that does not exist no program is found, and the tests that need one are skipped. What is not in FAST has hardly
# any others: to link it takes longer than to run it.
FAST := . ./api/... ./cmd/... ./controllers/... ./docs/... ./internal/... ./monitoring/... ./test/repository ./test/v0.1.0

.PHONY: test-fast
test-fast: ## Run the tests of the product that need no control plane and no Prometheus, in less than a minute
	CI= KUBEBUILDER_ASSETS=none KUBEBUILDER_ASSETS_OLD=none PROMETHEUS_ASSETS=none go test -count=1 -short $(FAST)

# Some 20 seconds. It fails when the code calls something vulnerable that no statement in docs/vex excuses, and names the version
# that mends it. It asks for the newest database, so that the same commit may pass today and fail tomorrow: what was published
# since then concerns those who build it today. Where the newest cannot be had, the pinned one has to do. The database
# comes as a Go module, from where the dependencies come; govulncheck indexes its files by itself.
.PHONY: vulnerabilities
vulnerabilities: ## Check that the code calls nothing with a known vulnerability
	@version=$(VULNDB); \
	if ! go mod download "golang.org/x/vulndb@$$version" && [[ "$$version" == latest ]]; then \
		version=$(PINNED_VULNDB); echo "there is no newer database to be had than $$version"; \
		go mod download "golang.org/x/vulndb@$$version"; \
	fi; \
	found="$$(go list -m -f '{{.Version}} {{.Dir}}' "golang.org/x/vulndb@$$version")"; read -r version folder <<<"$$found"; \
	echo "with $$(go env GOVERSION), against golang.org/x/vulndb $$version:"; \
	scan="$$(mktemp)"; trap 'rm -f "$$scan"' EXIT; \
	$(GOVULNCHECK) -format json -db "file://$$folder/data/osv" ./... >"$$scan"; \
	go run ./hack/vex/command -db "$$folder/data/osv" <"$$scan"

# Both need what a mirror of modules or of packages may not have, so they are no part of `test`.
.PHONY: check-dashboard
check-dashboard: ## Check the dashboard against Grafana's own types (needs Node.js and npm)
	@hack/grafana/check.sh

.PHONY: check-kube-state-metrics
check-kube-state-metrics: ## Run kube-state-metrics itself with our configuration
	@assets="$$($(CONTROL_PLANE))"; program="$$(go tool -n -modfile=hack/kube-state-metrics/go.mod kube-state-metrics)"; \
	KUBEBUILDER_ASSETS="$$assets" KUBE_STATE_METRICS="$$program" go test -count=1 -tags=kubestatemetrics -run TestRun \
		./monitoring/kube-state-metrics

# Some two hours on two idle cores, a file a few minutes: for a change of the engine, and not part of `test`.
.PHONY: mutants
mutants: ## Change the engine, one operator at a time, and see which changes no test finds (FILES="window.go …")
	@hack/mutants/run.sh $(FILES)

# Some 12 minutes for a thousand clusters, and 4 for 50. What else runs on the machine distorts it.
.PHONY: bench
bench: ## Measure the operator with a fleet of CLUSTERS
	@assets="$$($(CONTROL_PLANE))"; KUBEBUILDER_ASSETS="$$assets" go run ./test/bench -clusters=$(CLUSTERS)

# Some minutes, and most of the memory of the machine for a moment. No part of CI, where it would take longer than everything else.
.PHONY: bench-files
bench-files: ## Measure the plugin with the worst files (SHAPES="aliases|depth")
	@go run ./test/benchfiles -only='$(SHAPES)'

.PHONY: measure-plugin
measure-plugin: ## Measure the plugin's build with an empty cache, and its first answer
	@hack/plugin/measure.sh

##@ Build

# Commit and date come from Git, whatever GOFLAGS says. A build without Git knows neither.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=auto
STAMP    := $(if $(VERSION),-X github.com/d2iq-labs/support-policy-operator/internal/version.release=$(VERSION))

# Formatting and vetting are not part of it: vetting compiles the tests with all that they import, for minutes.
.PHONY: build
build: manifests generate plugin ## Build the operator and the kubectl plugin into bin
	$(GO_BUILD) -ldflags="$(STAMP)" -o bin/support-policy-operator .

# kubectl finds it in the PATH, by its name.
.PHONY: plugin
plugin: ## Build the kubectl plugin into bin
	$(GO_BUILD) -ldflags="$(STAMP)" -o bin/kubectl-support_policy ./cmd/kubectl-support_policy

# The platforms for which there are images, and the folder that they are written into.
PLATFORMS := linux/amd64 linux/arm64
IMAGES    := dist/image

.PHONY: image
image: ## Build the image IMG as an OCI layout and as tarballs into dist/image (needs no container engine)
	@programs=; for platform in $(PLATFORMS); do \
		program="$(IMAGES)/programs/$${platform/\//_}/support-policy-operator"; \
		GOOS="$${platform%/*}" GOARCH="$${platform#*/}" $(GO_BUILD) -ldflags="-s -w $(STAMP)" -o "$$program" .; \
		programs+=" $$platform=$$program"; \
	done; \
	go run ./hack/image/command -image=$(IMG) -version=$(VERSION) write $(IMAGES) $$programs

.PHONY: push
push: image ## Build the image IMG and push it to its registry (needs no container engine)
	@go run ./hack/image/command -image=$(IMG) push $(IMAGES)

# These two need a container engine, and no test runs them: a test compares what the Dockerfile copies with what the
# operator is built from.
.PHONY: docker-build
docker-build: ## Build the image IMG (needs a container engine; CI does not run it)
	$(CONTAINER_TOOL) build -t $(IMG) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION="$$(git rev-parse HEAD)" --build-arg CREATED="$$(git log -1 --format=%cI)" .

.PHONY: docker-push
docker-push: ## Push the image IMG (needs a container engine; CI does not run it)
	$(CONTAINER_TOOL) push $(IMG)

# The CRDs, the rights and the operator, as CONFIG has them, with the image IMG.
INSTALLER := $(KUSTOMIZE) build $(CONFIG) | sed 's|image: support-policy-operator:latest|image: $(IMG)|'

.PHONY: build-installer
build-installer: manifests ## Write what `deploy` applies into dist/install.yaml
	@mkdir -p dist
	$(INSTALLER) >dist/install.yaml

.PHONY: charts
charts: ## Package the Helm charts into bin
	@$(HELM) package --destination=bin charts/support-policy-operator charts/support-policies

# The file that says who publishes, and the folder that is written.
PUBLISHER ?= hack/release/publisher.yaml
DIST      ?= dist

# Go builds for six platforms: some ten minutes the first time.
.PHONY: release
release: ## Make all files of the release VERSION by PUBLISHER into DIST (RELEASING.md)
	@go run ./hack/release/command -version=$(VERSION) -publisher=$(PUBLISHER) -folder=$(DIST)

.PHONY: verify-release
verify-release: ## Make the release twice, the second time from a clone, and compare the digests
	@go run ./hack/release/command -version=$(VERSION) -publisher=$(PUBLISHER) -folder=$(DIST) -verify

##@ Deploy

.PHONY: install
install: manifests ## Apply the CRDs to the current cluster
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply -f -

.PHONY: uninstall
uninstall: ## Delete the CRDs from the current cluster, and with them all policies, exceptions and statuses
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found=$(ignore-not-found) -f -

.PHONY: install-policies
install-policies: ## Apply the shipped policies to the current cluster
	$(KUSTOMIZE) build config/policies | $(KUBECTL) apply -f -

.PHONY: deploy
deploy: manifests ## Apply the CRDs and the operator to the current cluster, with the image IMG, as CONFIG has them
	$(INSTALLER) | $(KUBECTL) apply -f -

.PHONY: undeploy
undeploy: ## Delete what `deploy` applies, the CRDs and the namespace included
	$(INSTALLER) | $(KUBECTL) delete --ignore-not-found=$(ignore-not-found) -f -

##@ Clean

.PHONY: clean
clean: ## Remove what was built, the control plane included
	rm -rf bin dist .cache

# `make` alone prints what there is to do.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Tools are pinned in modules of their own and built by Go from the module cache, so that they neither need to be
# installed nor meet the operator's dependencies. Run from here, they see the paths of this repository.
CONTROLLER_GEN := go tool -modfile=hack/tools/go.mod controller-gen
KUSTOMIZE      := go tool -modfile=hack/tools/go.mod kustomize
GOLANGCI_LINT  := go tool -modfile=hack/lint/go.mod golangci-lint-kube-api-linter

# Packages, and in a package its tests, compete for processors with the API servers that they start.
GO_PARALLEL ?= 2
TEST_TIMEOUT ?= 15m

##@ Help

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## "; print "Usage: make TARGET" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Develop

# $(call generate-into,FOLDER) writes everything that is generated below a folder.
#
# metav1.Condition brings the bound `minimum: 0` into every CRD. It is taken out: Kubernetes 1.17 cannot change by
# `kubectl apply` a CRD that has one. (A property that is named minimum has its schema on the next lines and stays.)
define generate-into
	$(CONTROLLER_GEN) object paths=./api/... output:object:dir=$(1)/api/v1alpha1
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=$(1)/config/crd
	for crd in $(1)/config/crd/support.d2iq.io_*.yaml; do \
		sed '/^ *minimum: 0$$/d' "$$crd" >"$$crd.new" && mv "$$crd.new" "$$crd"; \
	done
	$(CONTROLLER_GEN) rbac:roleName=support-policy-operator paths=./... output:rbac:artifacts:config=$(1)/config/rbac
endef

.PHONY: generate
generate: ## Generate deep copies, CRDs and the RBAC role from the Go sources
	$(call generate-into,.)

# The two commands to know are `make demo` and `make test`. Everything else stands on the same parts.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
TOOLS := $(CURDIR)/.cache/tools
PORT ?=

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the bot, in bin/bot
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/bot ./cmd/bot

demo: build ## a simulated cluster and workspace with the real bot between them, on http://127.0.0.1:8080 (PORT=N moves it)
	exec bin/bot demo $(if $(PORT),--port $(PORT))

test: redis ## every test, with the race detector; three packages at once, because the longest mostly wait
	go test -race -p 3 -timeout 9m ./...

redis: # installs redis-server where a package manager is at hand; without it the tests that need it say NOT RUN
	@if command -v redis-server >/dev/null; then exit 0; fi
	if command -v apt-get >/dev/null; then sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; fi
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq redis-server && exit 0; fi
	if command -v brew >/dev/null; then brew install redis && exit 0; fi
	echo "NOT RUN: redis-server is not installed and neither apt nor brew is here: install Redis 7 from https://redis.io/docs/install"

lint: $(TOOLS)/golangci-lint $(TOOLS)/staticcheck ## gofmt, vet, staticcheck, the layer rules, tidy modules
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt-clean:" $$unformatted; exit 1; fi
	go vet ./...
	go mod tidy -diff
	$(TOOLS)/staticcheck ./...
	$(TOOLS)/golangci-lint run ./...

$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	mkdir -p $(TOOLS)
	cd internal/tools && GOBIN=$(TOOLS) go install $$(go list -f '{{.ImportPath}}' tool | grep '/$*$$')

bench: build ## every benchmark side by side; docs/performance.md says how to read it
	go run ./test/bench

docs: ## the generated pages of docs/
	go test ./internal/config ./commands -run 'Reference' -update

clean: ## what was built
	rm -rf bin .cache

.PHONY: help build demo test redis lint bench docs clean

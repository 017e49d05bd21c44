# For those who want a container engine to build the image; make image makes it without one, and the same each time.
#
# The tag is the exact patch version of Go, the toolchain of go.mod, as a test sees to. A tag can be moved: where that matters,
# append the digest that `docker buildx imagetools inspect golang:1.26.10` prints, as in golang:1.26.10@sha256:…
FROM golang:1.26.10 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY controllers controllers
COPY internal internal
COPY hack/licences hack/licences
COPY main.go LICENSE ./
ARG VERSION
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags="-s -w -X github.com/d2iq-labs/support-policy-operator/internal/version.release=${VERSION}" -o /support-policy-operator .
RUN go run ./hack/licences/command /licenses /support-policy-operator

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /licenses /licenses
COPY --from=build /support-policy-operator /support-policy-operator
USER 65532:65532
ENTRYPOINT ["/support-policy-operator"]
# They come last: they change with each commit.
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="support-policy-operator" \
      org.opencontainers.image.description="Makes a vendor's version support policy executable: says of each cluster whether, and until when, what is installed is supported" \
      org.opencontainers.image.source="https://github.com/d2iq-labs/support-policy-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

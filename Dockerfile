FROM golang:1.26 AS build
# As in the Makefile: the image switches off that Go fetches a toolchain with newer security fixes, which go.mod names.
ENV GOTOOLCHAIN=auto
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY config config
COPY controllers controllers
COPY internal internal
COPY main.go .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /support-policy-operator .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /support-policy-operator /support-policy-operator
USER 65532:65532
ENTRYPOINT ["/support-policy-operator"]

# Janee as an MCP server over HTTP: one static binary, no shell, no root. docs/containers.md says
# how to run it. Without an engine the same image is made from what follows the last FROM: package
# internal/image reads it.
#   docker build -t janee .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY core ./core
COPY cmd ./cmd
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/usr/local/bin/janee ./cmd/janee \
 && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /out/tmp \
 && mkdir -p /volumes/data /volumes/key /volumes/token

FROM scratch
COPY --from=build /out /
# A new volume takes its owner and mode from the directory that it is mounted over.
COPY --from=build --chown=65532:65532 /volumes /
ENV PATH=/usr/local/bin
ENV HOME=/data
# Nobody else is in this container, and it has no shell.
ENV JANEE_CONTAINER=1
# What a person sets up, and the log. The home is below its volume, so that `janee restore` can put
# another in its place.
ENV JANEE_HOME=/data/janee
# The root key is in a volume of its own: a copy of one is worth nothing without the other.
ENV JANEE_KEY_FILE=/key/root.key
# Containers reach each other by addresses that are not loopback.
ENV JANEE_HTTP_HOST=0.0.0.0
VOLUME ["/data", "/key", "/token"]
USER 65532:65532
EXPOSE 9100
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s CMD ["janee", "health"]
ENTRYPOINT ["janee"]
CMD ["serve", "--transport", "http", "--port", "9100", "--init"]

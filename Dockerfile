# signet in a distroless image: no shell, no package manager, not root. Build it after `scripts/deno task compile`:
#
#   docker build --tag signet .
#   docker run --publish 15012:15012 --volume signet:/home/nonroot signet
#
# tests/integration/distroless applies this file to a root folder and runs what comes out. Pin the base by digest where you build for others.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
FROM ${BASE}
COPY --chmod=0755 dist/signet /usr/bin/signet
USER 65532:65532
# istiod's relative paths, the state directory ./var/lib/signet among them, are below this folder: mount a volume here to keep the CA.
WORKDIR /home/nonroot
VOLUME ["/home/nonroot"]
EXPOSE 15012 15010 15014 15053 8080
HEALTHCHECK --interval=10s --timeout=5s CMD ["/usr/bin/signet", "request", "GET", "/ready"]
ENTRYPOINT ["/usr/bin/signet"]
CMD ["discovery"]

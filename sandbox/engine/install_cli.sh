#!/usr/bin/env bash
# Makes a Pulumi CLI in FOLDER/pulumi from its Go module, unless it is there already: install_cli.sh FOLDER
# Cold it takes some minutes and 3 GB of Go's caches; the binary is all that stays of use.
set -euo pipefail

version=3.259.0
package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
folder=$1

if [ "$("$folder/pulumi" version 2>/dev/null || true)" = "v$version" ]; then
    exit 0
fi
command -v go >/dev/null || { echo "A Pulumi CLI is made with Go, and there is no go on PATH. Or install Pulumi itself: https://www.pulumi.com/docs/install/" >&2; exit 2; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

said() {
    # What Go says while all goes well is a line for each of hundreds of modules.
    "$@" >>"$work/said" 2>&1 || {
        tail -n 20 "$work/said" >&2
        echo "The Pulumi CLI could not be built ('$*' failed). Or install Pulumi itself: https://www.pulumi.com/docs/install/" >&2
        exit 2
    }
}

echo "Building the Pulumi CLI $version with Go, this once: some minutes, or seconds when Go has its modules already" >&2
said go mod init longhaul.local/pulumi-cli
said go get "$package@v$version"
# The version is only in releases; without it the CLI calls itself a development build.
CGO_ENABLED=0 said go build -trimpath \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$version" \
    -o "$work/pulumi" "$package"
mv "$work/pulumi" "$folder/pulumi"
echo "Built $folder/pulumi" >&2

#!/usr/bin/env bash
# Builds the binary that others download: for Linux on x86-64, stripped, in need of the C library alone. It has the
# code of every instruction set and takes the processor's when it runs.
#
#     examples/release.sh            builds target/release-linux/text2art
#     examples/release.sh --try      builds it, and tries it in a bare Debian without a network (root, debootstrap)
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${CARGO_TARGET_DIR:-target}/release-linux
target=x86_64-unknown-linux-gnu

# The H.264 encoder is C++: its library goes into the binary.
libraries=$(dirname "$(c++ -print-file-name=libstdc++.a)")
CXXSTDLIB="static=stdc++" RUSTFLAGS="-L native=$libraries" CARGO_PROFILE_RELEASE_STRIP=symbols \
    cargo build --release --locked --target "$target"
mkdir -p "$folder"
cp "${CARGO_TARGET_DIR:-target}/$target/release/text2art" "$folder/text2art"

needed=$(readelf --dynamic "$folder/text2art" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
echo "$folder/text2art: $(stat --format %s "$folder/text2art") bytes, needs" $needed
if grep --quiet stdc++ <<<"$needed"; then
    echo "error: libstdc++ is not in the binary" >&2
    exit 1
fi
[ "${1:-}" = --try ] || exit 0

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" >"$root.log"
cp "$folder/text2art" "$root/usr/bin/"
unshare --net chroot "$root" sh -euc '
    cd /tmp
    text2art "a red apple on a blue background" --size 64x64 --iterations 8 \
        --output apple.png --gif apple.gif --mp4 apple.mp4 --quiet
    text2art info apple.png
    ls -l
'
for file in apple.png apple.gif apple.mp4; do
    test -s "$root/tmp/$file"
done
echo "tried in a bare Debian, without a network"

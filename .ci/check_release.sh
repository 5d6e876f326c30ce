#!/usr/bin/env bash
# Tries an archive of release.sh in a bare Debian, without a network, as a user without a home: draws the first picture, a
# GIF and an MP4. Needs root and debootstrap, and says so if they are missing.
#
#     .ci/check_release.sh dist/text2art-VERSION-x86_64-linux.tar.gz [SUITE]
set -euo pipefail
archive=$(realpath "$1")
suite=${2:-bookworm}
skip() { echo "not checked: $1" >&2; exit 0; }
test "$(id -u)" = 0 || skip "only root can make a Debian root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --net true || skip "this machine allows no namespace of its own for the network"

(cd "$(dirname "$archive")" && sha256sum --check --quiet "$(basename "$archive").sha256")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
debootstrap --variant=minbase "$suite" "$root" >"$work/log" || { cat "$work/log" >&2; exit 1; }
# Debian's own package manager brings these; the binary must not use them.
rm -f "$root"/usr/lib/*/libstdc++.so* "$root"/usr/lib/*/libgcc_s.so*
tar --extract --file "$archive" --directory "$root/usr/local/bin" --strip-components=1 --wildcards '*/text2art'
install --directory --owner=1000 --group=1000 "$root/pictures"

inside() {
    unshare --net env --ignore-environment PATH=/usr/local/bin:/usr/bin:/usr/sbin chroot --userspec=1000:1000 "$root" \
        sh -c 'cd /pictures && exec "$@"' sh "$@"
}
# There is no /proc either.
inside text2art --version
inside text2art doctor
# The README's first command, as it stands there.
inside text2art "a red apple on a blue background"
inside text2art a green frog -n 5 --size 65x49 -o frog.gif
inside text2art a green frog -n 5 --size 65x49 -o frog.mp4
inside text2art a green frog -n 5 --gif --mp4 -o both.png
inside text2art info frog.mp4 >/dev/null

begins() {
    test "$(tail -c "+$(($3 + 1))" "$root/pictures/$1" | head -c "${#2}")" = "$2" ||
        { echo "error: $1 has the wrong format" >&2; exit 1; }
}
begins a-red-apple-on-a-blue-background-0.png PNG 1
for name in frog both; do
    begins "$name.gif" GIF89a 0
    begins "$name.mp4" ftyp 4
done
begins both.png PNG 1
echo "works in a bare Debian $suite: $(basename "$archive")" >&2

#!/usr/bin/env bash
# Builds a binary for other machines. It is stripped and contains the C++ and GCC libraries, so that it needs only glibc.
# Packs it with its documents and the licenses of everything in it:
#
#     .ci/release.sh [FOLDER]          # FOLDER/text2art-VERSION-x86_64-linux.tar.gz, and its SHA-256
#
# `.ci/check_release.sh ARCHIVE` tries it in a bare Debian without a network.
set -euo pipefail
# Resolved before the folder changes.
mkdir -p "${1:-dist}"
folder=$(cd "${1:-dist}" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The linker takes the first library of a name that it finds. Only the last step differs from `cargo build --release`:
# every crate, and with it every byte of a picture, is that of the tests.
mkdir "$work/static"
for library in libstdc++.a:libstdc++.a libgcc_eh.a:libgcc_s.a; do
    file=$(c++ -print-file-name="${library%:*}")
    test -f "$file" || { echo "error: the C++ compiler has no ${library%:*}" >&2; exit 1; }
    ln -s "$file" "$work/static/${library#*:}"
done
cargo rustc --release --locked --bin text2art -- -C strip=symbols -L "native=$work/static"
binary=${CARGO_TARGET_DIR:-target}/release/text2art

# What the binary requires.
needed=$(readelf --dynamic --wide "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for library in $needed; do
    case $library in
        libc.so.6 | libm.so.6 | ld-linux-*) ;;
        *) echo "error: the binary needs $library" >&2; exit 1 ;;
    esac
done
glibc=$(readelf --version-info --wide "$binary" | grep -o 'GLIBC_2[0-9.]*' | sort --version-sort | tail -n 1)

# The licenses of all crates in the binary. Some are next to the sources that the crate wraps.
name="text2art-$("$binary" --version | cut -d ' ' -f 2)-$(uname -m)-linux"
mkdir "$work/$name"
cargo metadata --locked --format-version 1 --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" >"$work/crates.json"
cargo tree --locked --edges normal --prefix none --format '{p}|{l}|{r}' | sed 's/ (.*)|/|/; s/ (\*)$//' | sort -u |
    while IFS='|' read -r crate licence repository; do
        case $crate in "text2art "*) continue ;; esac
        source=$(grep -o "\"manifest_path\":\"[^\"]*/${crate% v*}-${crate##* v}/Cargo.toml\"" "$work/crates.json" |
            head -n 1 | cut -d '"' -f 4)
        printf '%s\n%s\n%s\n\n' "==== $crate ====" "$licence" "$repository"
        find "${source%/Cargo.toml}" -maxdepth 2 -type f \
            \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'unlicense*' \) | sort |
            while read -r file; do cat "$file"; echo; done
    done >"$work/$name/LICENSES-OF-CRATES.txt"

cp "$binary" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$work/$name/"
"$binary" man >"$work/$name/text2art.1"
mkdir "$work/$name/completions"
for shell in bash zsh fish; do "$binary" completions "$shell" >"$work/$name/completions/text2art.$shell"; done

# The same files make the same archive.
tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --mtime=@0 "$name" | gzip --no-name --best >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$folder/"
(cd "$folder" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "needs ${glibc/_/ } or later, and:" $needed >&2
cat "$folder/$name.tar.gz.sha256" >&2
echo "$folder/$name.tar.gz"

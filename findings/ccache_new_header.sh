#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ccache gives an old object after a header has been added that __has_include asks for.
#
# Guess: ccache is only faster: it gives an object from its cache when the compiler would have made the same one.
# Seen: in direct mode, the default, it knows which headers were read, and looks only at these. A header that was looked for
#   and not found is not among them. After the header has come into being (a dependency was installed, a file generated, a
#   branch changed), the old object comes back as a direct hit, and the program has the feature off. Even a build from
#   scratch gets it. Only CCACHE_NODIRECT=1 or an empty cache finds the truth. The manual says the same of a header that
#   would be found earlier in the search path.
# With: ccache 4.7.5 (Debian 12: ccache 4.8+really4.7.5-1), g++ 12
# Source: https://ccache.dev/manual/4.7.5.html ("The direct mode" and "Caveats", which call the case rare)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root ccache=4.8+really4.7.5-1 libhiredis0.14
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu CCACHE_DIR=$dir/cache CCACHE_CONFIGPATH=$dir/none
for name in ${!CCACHE_*}; do
  [[ $name == CCACHE_DIR || $name == CCACHE_CONFIGPATH ]] || unset "$name"
done
ccache=$dir/root/usr/bin/ccache
"$ccache" --version | sed -n 1p
g++-12 --version | sed -n 1p

cat >program.cpp <<'CPP'
#include <cstdio>
int main() {
#if __has_include("feature.hpp")
  std::puts("feature");
#else
  std::puts("no feature");
#endif
}
CPP
build() { # prints what the program says, and how many direct hits there have been
  "$@" -c program.cpp -o program.o
  g++-12 program.o -o program
  echo "$(./program), hits: $("$ccache" --print-stats | sed -n 's/^direct_cache_hit\t//p')"
}
{
  build "$ccache" g++-12
  : >feature.hpp
  build "$ccache" g++-12
  build env CCACHE_NODIRECT=1 "$ccache" g++-12
  build g++-12
} | tee seen
diff seen - <<'SEEN'
no feature, hits: 0
no feature, hits: 1
feature, hits: 1
feature, hits: 1
SEEN
echo "as described"

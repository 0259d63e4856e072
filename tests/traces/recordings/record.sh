#!/bin/sh
# Makes the recordings again: runs each workload under Valgrind and converts what it prints.
# It installs nothing; it says what is missing. On Debian:
#   apt-get install valgrind lua5.4 sqlite3 sassc tcc perl
# With names (lua-queue, sqlite-orders, …) it makes only those. DENO names another deno than npx's.
set -eu
cd "$(dirname "$0")"
deno=${DENO:-npx -y deno@2}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

missing=
for program in valgrind gzip lua5.4 sqlite3 sassc tcc perl; do
  command -v "$program" > /dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
  echo "Cannot record, these programs are missing:$missing" >&2
  exit 1
fi

wanted=" $* "
# record NAME INPUT PROGRAM ARGUMENT…: the environment is emptied, for programs copy it to the heap.
record() {
  name=$1 input=$2
  shift 2
  case $wanted in "  " | *" $name "*) ;; *) return 0 ;; esac
  env -i PATH=/usr/bin:/bin LC_ALL=C PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 \
    valgrind --trace-malloc=yes --log-file="$logs/$name" "$@" < "$input" > /dev/null
  echo "$name:" >&2
  note="$name: $*"
  [ "$input" = /dev/null ] || note="$note < $input"
  $deno run --quiet ../../../examples/from_valgrind.ts --note "$note" \
    < "$logs/$name" > "$logs/$name.trace"
  # -n leaves out name and date: the same operations make the same file.
  gzip -9n < "$logs/$name.trace" > "$name.trace.gz"
}

record lua-queue /dev/null lua5.4 workloads/queue.lua
record sqlite-orders workloads/orders.sql sqlite3 -batch :memory:
record sassc-theme /dev/null sassc workloads/theme.scss
record tcc-shapes /dev/null tcc -w -c -o /dev/null workloads/shapes.c
record perl-words /dev/null perl workloads/words.pl

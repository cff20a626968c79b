#!/bin/sh
# Whether Prometheus can work with a configuration, before it gets it: its syntax, its files of rules, and what a sidecar
# answers where it is to be scraped.
#
#   check.sh prometheus.yml [http://sidecar:8081/metrics …]
#
# Prints one line for what is wrong. Exit codes: 0 nothing; 64 wrong usage; 65 a mistake in the configuration or in rules;
# 66 a file that cannot be read; 69 no answer from the sidecar; 72 a program is missing; 76 an answer that is no metrics,
# as from a wrong path. Starts nothing and changes nothing.
set -u

end() {
    code=$1
    shift
    echo "check: $*" >&2
    exit "$code"
}

[ $# -ge 1 ] || end 64 "usage: check.sh CONFIGURATION [URL…]"
config=$1
shift
for program in promtool curl; do
    command -v "$program" >/dev/null || end 72 "$program is missing"
done
[ -r "$config" ] || end 66 "$config cannot be read"

# What promtool says of a mistake stands on the lines that are neither success nor a heading.
if ! said=$(promtool check config "$config" 2>&1); then
    wrong=$(printf '%s\n' "$said" | grep -v -e SUCCESS -e '^Checking ' -e '^ *$' | tr -s "\n\t " " " | sed "s/^ //; s/ $//")
    case $wrong in
    *"does not point to an existing file"* | *"no such file"* | *"permission denied"*) end 66 "$config: $wrong" ;;
    *) end 65 "$config: $wrong" ;;
    esac
fi

for url in "$@"; do
    answer=$(curl -sS --max-time 10 -w '\n%{http_code}' "$url" 2>&1) || end 69 "$url: no answer: $(printf '%s' "$answer" | head -n 1)"
    status=${answer##*
}
    [ "$status" = 200 ] || end 76 "$url: HTTP status $status, not metrics"
    said=$(printf '%s\n' "${answer%"
$status"}" | promtool check metrics 2>&1) || end 76 "$url: $(printf '%s' "$said" | head -n 1)"
done

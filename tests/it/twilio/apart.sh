#!/bin/sh
# In a network and with files of its own: apart.sh <sidecar> <python> <its script> <node's script>
# Here verify.twilio.com is this machine, as one line in a hosts file and a certificate make it elsewhere.
set -eu
ip link set lo up
echo "127.0.0.1 localhost verify.twilio.com" >"$HOME/hosts"
mount --bind "$HOME/hosts" /etc/hosts
"$1" serve >/dev/null 2>"$HOME/log" &
sidecar=$!
until curl -sf --cacert "$CA" https://verify.twilio.com/readyz >/dev/null; do
    kill -0 $sidecar || { cat "$HOME/log"; exit 1; }
    sleep 0.05
done
REQUESTS_CA_BUNDLE=$CA WHO=4 "$2" "$3" >"$HOME/python" 2>&1 &
python=$!
NODE_EXTRA_CA_CERTS=$CA WHO=5 SDK=twilio6 node "$4" >"$HOME/node" 2>&1 &
node=$!
code=0
wait $python || code=1
wait $node || code=1
kill $sidecar
wait $sidecar || code=1
sed 's/^/python: /' "$HOME/python"
sed 's/^/node: /' "$HOME/node"
exit $code

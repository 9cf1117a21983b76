#!/usr/bin/env bats
# blobs.bats - blobs between nodes: every node of a network has its own folder, TLS moves them.

load helpers

setup() {
  common_setup
  needs_comet
  needs curl openssl
  export OGPU_KEYS=$BATS_TEST_TMPDIR/net/keys
  net_up "$BATS_TEST_TMPDIR/net"
}

# at N PORT: the address of node N
at() {
  echo "$(sed -n 's/^listen \(.*\):.*/\1/p' "net/node$1/blobs.conf"):$2"
}

# has N SHA256
has() {
  [ -f "net/node$1/blobs/${2:0:2}/$2" ]
}

# tls_cert NAME: NAME.crt of the key NAME
tls_cert() {
  openssl req -x509 -new -key "net/keys/$1.tls.pem" -subj /CN=x -days 2 -out "$1.crt" 2>/dev/null
}

# get N OWN [CURL OPTION ...]: from node N as OWN
get() {
  local to=$1 own=$2
  shift 2
  curl -sS --max-time 30 --tlsv1.3 -k --cert "$own.crt" --key "net/keys/$own.tls.pem" \
    "https://$(at "$to" 26658)$path" "$@"
}

@test "a job of one node's state, run on another's: inputs and results move over TLS" {
  head -c 9000000 /dev/urandom >data
  sum=$(sha256sum data | cut -d ' ' -f 1)
  OGPU_HOME=net/node0 ogpu-submit -q --key alice --sandbox none --verify exact --in data \
    -- sh -c 'sha256sum <data' >task.json
  has 0 "$sum"
  run ! has 2 "$sum"
  run -0 timeout 120 bash -o pipefail -c "OGPU_HOME=net/node0 ogpu-match <task.json | OGPU_HOME=net/node2 ogpu-worker |
    OGPU_HOME=net/node0 ogpu-validate"
  has 2 "$sum"
  cmp data "net/node2/blobs/${sum:0:2}/$sum"
  id=$(jq -r 'select(.kind == "receipt") | .task' <<<"$output" | tail -n 1)
  run -0 env OGPU_HOME=net/node0 ogpu-submit --key alice --fetch "$id" --stdout
  [[ $output == "$sum"* ]]
  run -0 curl -sS "http://$(at 2 26660)/metrics"
  [[ $output == *"ogpu_blob_fetched_total "[1-9]* ]]
  run -0 curl -sS "http://$(at 2 26660)/health"
  jq -e '.ok and .height > 0' <<<"$output"
}

@test "a key that the chain does not name is refused; a revoked key's live connection ends" {
  tls_cert node1
  openssl genpkey -algorithm ed25519 -out net/keys/thief.tls.pem 2>/dev/null
  tls_cert thief
  OGPU_HOME=net/node0 ogpu-submit -q --key alice --sandbox none -- true >task.json
  sum=$(basename "$(find net/node0/blobs -type f | head -n 1)")
  path=/blob/$sum
  get 0 node1 -o got
  [ "$(sha256sum <got | cut -d ' ' -f 1)" = "$sum" ]
  get 0 node1 -r 0-3 -o part
  cmp -n 4 part got
  [ "$(stat -c %s part)" = 4 ]
  run ! get 0 thief -o stolen
  [ ! -s stolen ]
  # a live connection: open, idle, until the chain has forgotten its key
  mkfifo hold
  openssl s_client -quiet -connect "$(at 0 26658)" -tls1_3 -cert node1.crt \
    -key net/keys/node1.tls.pem <hold >live 2>&1 3>&- &
  client=$!
  exec 7>hold
  printf 'HEAD %s HTTP/1.1\r\n\r\n' "$path" >&7
  wait_for 'grep -q "200 OK" live'
  OGPU_HOME=net/node0 ogpu-stake -q --key node1 --revoke tls
  wait_for "! kill -0 $client 2>/dev/null"
  exec 7>&-
  run ! get 0 node1 -o stolen
}

@test "PUT is hashed and bounded; a holder that lies is left and another asked" {
  tls_cert node1
  echo "what it is" >data
  sum=$(sha256sum data | cut -d ' ' -f 1)
  path=/blob/$sum
  echo "what it is not" >other
  [ "$(get 0 node1 -T other -o /dev/null -w '%{http_code}')" = 422 ]
  run ! has 0 "$sum"
  [ "$(get 1 node1 -T data -o /dev/null -w '%{http_code}')" = 201 ]
  has 1 "$sum"
  # node 0 holds other bytes under this name; node 3 asks node 0 first
  mkdir -p "net/node0/blobs/${sum:0:2}"
  cp other "net/node0/blobs/${sum:0:2}/$sum"
  python3 - "net/node3/run/want.sock" "$sum" <<'END' >said
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"blob " + sys.argv[2].encode() + b"\n")
print(s.recv(999).decode(), end="")
END
  [ "$(cat said)" = ok ]
  cmp data "net/node3/blobs/${sum:0:2}/$sum"
  grep -q 'sent other bytes' net/node3/log
}

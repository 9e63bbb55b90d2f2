#!/bin/sh
# Makes what muster serve and muster work need to speak TLS with certificates on both sides:
#
#   examples/tls/make_certificates.sh FOLDER [SERVER_NAME ...]
#
# FOLDER/authority.{crt,key}  signs the others; keep the key away from the network
# FOLDER/server.{crt,key}     for the server; good for the names and addresses given (default: localhost, 127.0.0.1, ::1)
# FOLDER/worker.{crt,key}     for workers (and muster status)
#
#   muster serve CONFIG --serve.address 0.0.0.0:7077 --serve.authority authority.crt \
#     --serve.certificate server.crt --serve.key server.key
#   muster work SERVER_NAME:7077 CONFIG --serve.authority authority.crt \
#     --serve.certificate worker.crt --serve.key worker.key
#
# They hold for DAYS days (environment; default 365). Keys are readable by their owner only.
set -eu
folder=${1:?usage: make_certificates.sh FOLDER [SERVER_NAME ...]}
shift
[ $# -gt 0 ] || set -- localhost 127.0.0.1 ::1
days=${DAYS:-365}
mkdir -p "$folder"
cd "$folder"
umask 077

names=
for name in "$@"; do
  case $name in
    *[!0-9.]*) case $name in *:*) kind=IP ;; *) kind=DNS ;; esac ;;
    *) kind=IP ;;
  esac
  names="$names${names:+,}$kind:$name"
done

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days "$days" \
  -keyout authority.key -out authority.crt -subj "/CN=muster authority" \
  -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null

sign() { # NAME SUBJECT PURPOSE [NAMES]
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" \
    -subj "/CN=$2" 2>/dev/null
  { echo "basicConstraints=critical,CA:FALSE"
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=$3"
    [ -z "${4:-}" ] || echo "subjectAltName=$4"; } > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA authority.crt -CAkey authority.key -CAcreateserial -days "$days" -sha256 \
    -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.csr" "$1.ext"
}
sign server "$1" serverAuth "$names"
sign worker "muster worker" clientAuth
rm -f authority.srl
chmod 644 ./*.crt
echo "made authority, server ($names) and worker certificates in $folder"

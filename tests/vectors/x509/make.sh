#!/bin/sh
# Makes every vector of this folder anew with the openssl command line (3.0 or later). Usage: ./make.sh
# Keys are thrown away; keys, serial numbers and signatures differ from run to run, everything else is fixed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rm -rf "$here/csr" "$here/chain"
mkdir -p "$here/csr/good" "$here/csr/bad" "$here/chain"

cat > req.cnf <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
CNF

ec() { openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key" 2>/dev/null; }
rsa() { openssl genrsa -out "$1.key" "$2" 2>/dev/null; }
# csr FOLDER NAME KEY SUBJECT OPTIONS...
csr() {
  folder=$1 name=$2 key=$3 subject=$4
  shift 4
  openssl req -new -config req.cnf -key "$key.key" -subj "$subject" "$@" -out "$here/csr/$folder/$name.pem"
}

ec p256 P-256; ec p384 P-384; ec p521 P-521
rsa rsa1024 1024; rsa rsa2048 2048; rsa rsa8192 8192
openssl genpkey -algorithm ED25519 -out ed25519.key
for digest in sha1 sha256 sha384 sha512; do
  csr good "p256_$digest" p256 / "-$digest"
  csr good "rsa2048_$digest" rsa2048 / "-$digest"
done
csr good p384_sha384 p384 / -sha384
csr good p521_sha512 p521 / -sha512
csr good rsa1024_sha256 rsa1024 / -sha256
csr good rsa8192_sha512 rsa8192 / -sha512
csr good ed25519 ed25519 /
csr good p256_cn p256 /O=shop/CN=web -sha256
csr good p256_organization p256 /O=shop -sha256
csr good p256_greedy p256 /CN=root -sha256 -addext 'subjectAltName=DNS:evil.example,URI:spiffe://cluster.local/ns/kube-system/sa/root' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=keyCertSign'

ec p224 secp224r1; ec secp256k1 secp256k1; rsa rsa512 512; rsa rsa9000 9000
openssl genpkey -algorithm ED448 -out ed448.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out explicit.key
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.params 2>/dev/null
openssl genpkey -paramfile dsa.params -out dsa.key 2>/dev/null
openssl ec -in p256.key -conv_form compressed -out compressed.key 2>/dev/null
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key 2>/dev/null
csr bad p224 p224 / -sha256
csr bad secp256k1 secp256k1 / -sha256
csr bad ed448 ed448 /
csr bad explicit_parameters explicit / -sha256
csr bad compressed_point compressed / -sha256
csr bad dsa dsa / -sha256
csr bad rsa512 rsa512 / -sha1
csr bad rsa9000 rsa9000 / -sha256
csr bad pss_key pss / -sha256
csr bad pss_signature rsa2048 / -sha256 -sigopt rsa_padding_mode:pss
csr bad md5 rsa2048 / -md5
csr bad sha224 p256 / -sha224
csr bad sha3 p256 / -sha3-256

# Certificates: ISSUER signs NAME with the given extensions.
cat > ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
dir = .
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = policy
unique_subject = no
copy_extensions = none
[policy]
organizationName = optional
commonName = optional
CNF
: > index.txt
VALID="-startdate 20260101000000Z -enddate 20360101000000Z"
LEAF='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'
CA='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash'
URI=subjectAltName=critical,URI:spiffe://cluster.local/ns/shop/sa/web

# cert NAME ISSUER SUBJECT VALIDITY EXTENSIONS OPTIONS...; ISSUER equal to NAME makes a root.
cert() {
  name=$1 issuer=$2 subject=$3 validity=$4 extensions=$5
  shift 5
  [ -e "$name.key" ] || ec "$name" P-256
  openssl req -new -config req.cnf -key "$name.key" -subj "$subject" -out "$name.csr"
  printf '%s\n' "$extensions" > "$name.ext"
  self=; [ "$issuer" != "$name" ] || self=-selfsign
  [ -n "$self" ] || self="-cert $issuer.pem"
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config ca.cnf $self -keyfile "$issuer.key" -in "$name.csr" -subj "$subject" \
    $validity -extfile "$name.ext" -out "$name.pem" "$@" 2> "$name.log" || { cat "$name.log"; exit 1; }
  cp "$name.pem" "$here/chain/$name.pem"
}

cert root root /O=cluster.local "$VALID" "$CA"
cert good root / "$VALID" "$LEAF
$URI"
cert all_names root /CN=all "$VALID" "$LEAF
subjectAltName=URI:spiffe://cluster.local/ns/shop/sa/web,DNS:web.shop.svc,IP:10.1.2.3,IP:2001:db8::1,email:web@shop.example,RID:1.2.3,otherName:1.2.3.4;UTF8:x,dirName:dn
[dn]
CN=x"
cert two_uris root / "$VALID" "$LEAF
subjectAltName=critical,URI:spiffe://cluster.local/ns/shop/sa/web,URI:spiffe://cluster.local/ns/shop/sa/db"
cert no_uri root /CN=x "$VALID" "$LEAF
subjectAltName=DNS:web.shop.svc"
cert no_san root /CN=x "$VALID" "$LEAF"
cert other_trust_domain root / "$VALID" "$LEAF
subjectAltName=critical,URI:spiffe://elsewhere/ns/shop/sa/web"
cert other_shape root / "$VALID" "$LEAF
subjectAltName=critical,URI:spiffe://cluster.local/workload/web"
cert expired root / "-startdate 20200101000000Z -enddate 20210101000000Z" "$LEAF
$URI"
cert not_yet_valid root / "-startdate 20350101000000Z -enddate 20360101000000Z" "$LEAF
$URI"
cert far_future root / "-startdate 20490101000000Z -enddate 99991231235959Z" "$LEAF
$URI"
cert server_only root / "$VALID" "$(printf '%s' "$LEAF" | sed s/,clientAuth//)
$URI"
cert unknown_critical root / "$VALID" "$LEAF
$URI
1.2.3.4=critical,ASN1:NULL"
cert sha1 root / "$VALID" "$LEAF
$URI" -md sha1
cert impostor_root impostor_root /O=cluster.local "$VALID" "$CA"
cert impostor impostor_root / "$VALID" "$LEAF
$URI"

cert intermediate root /O=cluster.local/CN=intermediate "$VALID" "$CA
authorityKeyIdentifier=keyid"
cert below intermediate / "$VALID" "$LEAF
$URI"
cert deeper intermediate /O=cluster.local/CN=deeper "$VALID" "$CA
authorityKeyIdentifier=keyid"
cert below_deeper deeper / "$VALID" "$LEAF
$URI"
cert path_length_0 root /O=cluster.local/CN=path "$VALID" "$(printf '%s' "$CA" | sed s/CA:TRUE/CA:TRUE,pathlen:0/)
authorityKeyIdentifier=keyid"
cert below_path_length_0 path_length_0 / "$VALID" "$LEAF
$URI"
cert second_below_path path_length_0 /O=cluster.local/CN=second "$VALID" "$CA
authorityKeyIdentifier=keyid"
cert too_long second_below_path / "$VALID" "$LEAF
$URI"
cert not_a_ca root /O=cluster.local/CN=leaf "$VALID" "$LEAF
$URI"
cert below_not_a_ca not_a_ca / "$VALID" "$LEAF
$URI"
cert may_not_sign root /O=cluster.local/CN=usage "$VALID" "basicConstraints=critical,CA:TRUE
keyUsage=critical,cRLSign
subjectKeyIdentifier=hash"
cert below_may_not_sign may_not_sign / "$VALID" "$LEAF
$URI"
cert constrained root /O=cluster.local/CN=constrained "$VALID" "$CA
nameConstraints=critical,permitted;DNS:example.com"
cert below_constrained constrained / "$VALID" "$LEAF
$URI"
cert client_ca root /O=cluster.local/CN=client "$VALID" "$CA
extendedKeyUsage=clientAuth"
cert below_client_ca client_ca / "$VALID" "$LEAF
$URI"
cert expired_ca root /O=cluster.local/CN=old "-startdate 20200101000000Z -enddate 20210101000000Z" "$CA"
cert below_expired_ca expired_ca / "$VALID" "$LEAF
$URI"

for kind in p384 p521 rsa2048 ed25519; do
  cp "$kind.key" "root_$kind.key"
  md=default
  [ "$kind" != rsa2048 ] || md=sha256
  [ "$kind" != p384 ] || md=sha384
  [ "$kind" != p521 ] || md=sha512
  cert "root_$kind" "root_$kind" "/O=$kind" "$VALID" "$CA" -md "$md"
  cert "leaf_$kind" "root_$kind" / "$VALID" "$LEAF
$URI" -md "$md"
done

#!/bin/sh
# Makes every key and signature of this folder anew with the openssl command line (3.0 or later). Usage: ./make.sh
# The keys are for tests alone: they protect nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
rm -rf good bad signatures.txt
mkdir good bad

pkey() { out=$1; shift; openssl genpkey "$@" -out "$out.pem" 2>/dev/null; }
for curve in 256 384 521; do
  pkey "good/p$curve" -algorithm EC -pkeyopt "ec_paramgen_curve:P-$curve"
  openssl pkey -in "good/p$curve.pem" -traditional -out "good/p${curve}_sec1.pem"
done
for bits in 1024 2048 3072 4096 8192; do pkey "good/rsa$bits" -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits"; done
openssl pkey -in good/rsa2048.pem -traditional -out good/rsa2048_pkcs1.pem
pkey good/ed25519 -algorithm ED25519

pkey bad/p224 -algorithm EC -pkeyopt ec_paramgen_curve:secp224r1
pkey bad/secp256k1 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
pkey bad/explicit_parameters -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
pkey bad/ed448 -algorithm ED448
pkey bad/x25519 -algorithm X25519
pkey bad/rsa_pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
pkey bad/rsa512 -algorithm RSA -pkeyopt rsa_keygen_bits:512
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.params 2>/dev/null
openssl genpkey -paramfile dsa.params -out bad/dsa.pem 2>/dev/null
rm dsa.params
openssl pkey -in good/p256.pem -aes256 -passout pass:signet -out bad/encrypted.pem
openssl pkey -in good/rsa2048.pem -traditional -aes256 -passout pass:signet -out bad/encrypted_pkcs1.pem
openssl pkey -in good/p256.pem -pubout -out bad/public.pem

# Of each key, what openssl signs over the word "signet": key, digest, public key, signature, the last two in base64.
printf signet > message
b64() { openssl base64 -A; }
for key in p256 p384 p521 rsa1024 rsa2048 rsa3072 rsa4096 rsa8192; do
  for digest in sha1 sha256 sha384 sha512; do
    printf '%s %s %s %s\n' "$key" "$digest" "$(openssl pkey -in "good/$key.pem" -pubout -outform DER | b64)" \
      "$(openssl dgst "-$digest" -sign "good/$key.pem" message | b64)" >> signatures.txt
  done
done
printf 'ed25519 none %s %s\n' "$(openssl pkey -in good/ed25519.pem -pubout -outform DER | b64)" \
  "$(openssl pkeyutl -sign -inkey good/ed25519.pem -rawin -in message | b64)" >> signatures.txt
rm message

#include "platform/tls/key_signatures.h"

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>

namespace ringwire::platform {

std::vector<uint16_t> KeySignatures(const EVP_PKEY& key) {
  switch (EVP_PKEY_id(&key)) {
    case EVP_PKEY_ED25519:
      return {SSL_SIGN_ED25519};
    case EVP_PKEY_RSA:
      if (static_cast<uint32_t>(EVP_PKEY_bits(&key)) < kRsaBitsMin) return {};
      return {SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA384,
              SSL_SIGN_RSA_PSS_RSAE_SHA512};
    case EVP_PKEY_EC:
      switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(&key)))) {
        case NID_X9_62_prime256v1:
          return {SSL_SIGN_ECDSA_SECP256R1_SHA256};
        case NID_secp384r1:
          return {SSL_SIGN_ECDSA_SECP384R1_SHA384};
        default:
          return {};
      }
    default:
      return {};
  }
}

}  // namespace ringwire::platform

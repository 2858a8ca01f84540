#include "crypto/aead_context.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/aead.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

// Published vectors with nonces and associated data that the transport interface cannot express.
struct AeadVector {
  const char* source;
  const EVP_AEAD* (*aead)();
  const char* key;
  const char* nonce;
  const char* aad;
  Bytes plaintext;
  const char* ciphertext;  // without the tag; nullptr where only the tag is compared
  const char* tag;
};

constexpr char kSunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
constexpr char kDrafts[] =
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
    "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
    "Internet-Drafts as reference material or to cite them other than as "
    "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";

constexpr char kGcmKey[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr char kGcmPlaintext[] =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
constexpr char kGcmCiphertext[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
constexpr char kGcmCiphertext60[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";

std::vector<AeadVector> Vectors() {
  Bytes gcm_plaintext60 = FromHex(kGcmPlaintext);
  gcm_plaintext60.resize(60);
  return {
      {"RFC 8439 2.8.2", EVP_aead_chacha20_poly1305,
       "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
       "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7", FromText(kSunscreen),
       "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
       "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
       "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
       "3ff4def08e4b7a9de576d26586cec64b6116",
       "1ae10b594f09e26a7e902ecbd0600691"},
      {"RFC 8439 A.5", EVP_aead_chacha20_poly1305,
       "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
       "000000000102030405060708", "f33388860000000000004e91", FromText(kDrafts), nullptr,
       "eead9d67890cbb22392336fea1851f38"},
      {"GCM specification, case 15", EVP_aead_aes_256_gcm, kGcmKey, "cafebabefacedbaddecaf888", "",
       FromHex(kGcmPlaintext), kGcmCiphertext, "b094dac5d93471bdec1a502270e3cc6c"},
      {"GCM specification, case 16", EVP_aead_aes_256_gcm, kGcmKey, "cafebabefacedbaddecaf888",
       "feedfacedeadbeeffeedfacedeadbeefabaddad2", gcm_plaintext60, kGcmCiphertext60,
       "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
}

TEST(AeadContextTest, MatchesPublishedVectors) {
  for (const AeadVector& vector : Vectors()) {
    SCOPED_TRACE(vector.source);
    const AeadContext context(vector.aead(), SymmetricKey(FromHex<32>(vector.key)));
    const Bytes nonce = FromHex(vector.nonce);
    const Bytes aad = FromHex(vector.aad);
    Bytes sealed(vector.plaintext.size() + kTagBytes);
    context.Seal(nonce, vector.plaintext, aad, sealed);

    const std::string sealed_hex = ToHex(sealed);
    EXPECT_EQ(sealed_hex.substr(2 * vector.plaintext.size()), vector.tag);
    if (vector.ciphertext != nullptr) {
      EXPECT_EQ(sealed_hex.substr(0, 2 * vector.plaintext.size()), vector.ciphertext);
    }
    Bytes opened(vector.plaintext.size());
    EXPECT_TRUE(context.Open(nonce, sealed, aad, opened));
    EXPECT_EQ(opened, vector.plaintext);
  }
}

TEST(AeadContextTest, OpenDependsOnEveryBitOfNonceAndAssociatedData) {
  for (const AeadVector& vector : Vectors()) {
    SCOPED_TRACE(vector.source);
    const AeadContext context(vector.aead(), SymmetricKey(FromHex<32>(vector.key)));
    const Bytes nonce = FromHex(vector.nonce);
    const Bytes aad = FromHex(vector.aad);
    Bytes sealed(vector.plaintext.size() + kTagBytes);
    context.Seal(nonce, vector.plaintext, aad, sealed);

    Bytes opened(vector.plaintext.size());
    for (size_t bit = 0; bit < 8 * nonce.size(); ++bit) {
      Bytes other = nonce;
      other[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(context.Open(other, sealed, aad, opened)) << bit;
      EXPECT_EQ(opened, Bytes(opened.size())) << bit;
    }
    for (size_t bit = 0; bit < 8 * aad.size(); ++bit) {
      Bytes other = aad;
      other[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      EXPECT_FALSE(context.Open(nonce, sealed, other, opened)) << bit;
    }
  }
}

TEST(AeadContextDeathTest, RefusesBuffersOfTheWrongSize) {
  const AeadContext context(EVP_aead_chacha20_poly1305(), SymmetricKey());
  const Bytes nonce(12);
  Bytes out(kTagBytes);
  EXPECT_DEATH(context.Seal(nonce, Bytes(1), {}, out), "room for just the tag");
  EXPECT_DEATH((void)context.Open(nonce, Bytes(kTagBytes), {}, out), "shorter by the tag");
}

}  // namespace
}  // namespace ringwire::crypto

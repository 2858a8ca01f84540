#include "crypto/self_test.h"

#include <algorithm>
#include <span>

#include "crypto/aead_runs.h"
#include "crypto/kdf.h"
#include "crypto/require.h"
#include "crypto/x25519.h"
#include "crypto/xaead.h"

namespace ringwire::crypto {
namespace {

constexpr uint8_t HexDigit(char digit) {
  return static_cast<uint8_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

// Lower-case digits only.
template <size_t N>
constexpr std::array<uint8_t, N / 2> Hex(const char (&text)[N]) {
  std::array<uint8_t, N / 2> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(HexDigit(text[2 * i]) << 4 | HexDigit(text[2 * i + 1]));
  }
  return bytes;
}

// The X25519 pair is RFC 7748 §6.1 (Bob's side); the rest was computed with independent
// implementations (Python's hashlib and hmac, OpenSSL) for the inputs below.
constexpr KnownAnswers kStandardAnswers = {
    .blake2s = Hex("5e7ceff144e94c8e2583826697a26fe89bed201bb7c2dc4313f9b4459d86163a"),
    .blake2s_mac16 = Hex("5e832c49aae4b03154fda235d5ba0493"),
    .hmac = Hex("3b38ee258763f7f499863c3870d55c6c01cb61d6847e334ffc9626e77058b486"),
    .kdf = Hex("1fcf29000a27f12dc0691acf0f15bf4c55199f925d65441a3c08b566fce08d13"
               "704818f0cdc896cc3d7fe77c61f24e33db30aa69ef63758d5cfce8d6335c1b46"
               "7c46c5eddb1418694b9a599d7d5842039b4fbbf946e376bf59d19847342fee80"),
    .x25519_public = Hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
    .x25519_shared = Hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
    .chacha20_poly1305_tag = Hex("0ca8b609daa39a3246a6a71d4de70500"),
    .aes_256_gcm_tag = Hex("190d9ddf7940c06ca10adcfbbb409731"),
    .handshake_aead = Hex("18b94032a9e3a0d61b68566aa34e4028e8a0e1e6f5b84d4bf4e1e60936286b43"
                          "4ac3400e11ac65ceec25493c156423b3"),
    .xchacha20_poly1305 = Hex("9ec30d7c94d78ba93b4d2cc5c75fa6e7dc139ca09d6e3f75"
                              "9aa6a0e0b71adca4"),
};

constexpr PublicKey kAlicePublic =
    Hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
constexpr std::array<uint8_t, 32> kBobPrivate =
    Hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");

// Long enough for the widest vector code of the providers, and ragged at the end.
constexpr size_t kMessageBytes = 1009;
constexpr uint64_t kCounter = 0x0102030405060708;

// Byte i is i modulo 256; the test's keys and nonces are prefixes of it.
constexpr std::array<uint8_t, kMessageBytes> MakeMessage() {
  std::array<uint8_t, kMessageBytes> message{};
  for (size_t i = 0; i < message.size(); ++i) message[i] = static_cast<uint8_t>(i);
  return message;
}
constexpr std::array<uint8_t, kMessageBytes> kMessage = MakeMessage();
constexpr std::span<const uint8_t, kMessageBytes> kInput(kMessage);

SymmetricKey TestKey() { return SymmetricKey(kInput.first<32>()); }

bool Blake2sPasses(const KnownAnswers& answers) { return Blake2s(kInput) == answers.blake2s; }

bool Blake2sMac16Passes(const KnownAnswers& answers) {
  return Blake2sMac16(kInput.first<32>(), kInput.first<100>(), kInput.subspan<100>()) ==
         answers.blake2s_mac16;
}

bool HmacPasses(const KnownAnswers& answers) {
  return HmacBlake2s(kInput.first<32>(), kInput) == answers.hmac;
}

bool KdfPasses(const KnownAnswers& answers) {
  const std::span<const uint8_t, 96> expected(answers.kdf);
  SymmetricKey t1, t2, t3;
  Kdf3(TestKey(), kInput.first<32>(), &t1, &t2, &t3);
  return t1 == SymmetricKey(expected.subspan<0, 32>()) &&
         t2 == SymmetricKey(expected.subspan<32, 32>()) &&
         t3 == SymmetricKey(expected.subspan<64, 32>());
}

bool X25519PublicPasses(const KnownAnswers& answers) {
  return PublicFromPrivate(PrivateKey(kBobPrivate)) == answers.x25519_public;
}

bool X25519SharedPasses(const KnownAnswers& answers) {
  const PrivateKey bob(kBobPrivate);
  SymmetricKey shared;
  if (!SharedSecret(bob, kAlicePublic, &shared)) return false;
  if (shared != SymmetricKey(answers.x25519_shared)) return false;
  constexpr PublicKey kLowOrderPoint{};
  return !SharedSecret(bob, kLowOrderPoint, &shared) && shared.IsZero();
}

// The tag depends on every byte of ciphertext, so comparing it is enough.
bool SuitePasses(AeadSuite suite, AeadRuns& runs,
                 std::span<const uint8_t, kTagBytes> expected_tag) {
  const AeadKey key(suite, TestKey());
  std::array<uint8_t, kMessageBytes + kTagBytes> buffer;
  std::copy(kMessage.begin(), kMessage.end(), buffer.begin());
  const SealSegment plaintext = {buffer.data(), kMessageBytes};
  runs.SealRun(key, {&plaintext, 1}, kCounter);
  if (!std::equal(expected_tag.begin(), expected_tag.end(), buffer.end() - kTagBytes)) return false;

  std::array<uint8_t, buffer.size()> forged = buffer;
  forged[0] ^= 1;
  std::array<uint8_t, buffer.size()> forged_tag = buffer;
  forged_tag.back() ^= 0x80;
  std::array<uint8_t, buffer.size()> other_counter = buffer;
  std::array<OpenSegment, 4> segments = {{
      {buffer.data(), buffer.size(), kCounter, false},
      {forged.data(), forged.size(), kCounter, true},
      {forged_tag.data(), forged_tag.size(), kCounter, true},
      {other_counter.data(), other_counter.size(), kCounter + 1, true},
  }};
  runs.OpenRun(key, segments);
  return segments[0].ok && std::equal(kMessage.begin(), kMessage.end(), buffer.begin()) &&
         !segments[1].ok && !segments[2].ok && !segments[3].ok;
}

bool ChaCha20Poly1305Passes(const KnownAnswers& answers) {
  BoringSslRuns runs;
  return SelfTestAead(AeadSuite::kChaCha20Poly1305, runs, answers);
}

bool HandshakeAeadPasses(const KnownAnswers& answers) {
  const auto plaintext = kInput.first<32>();
  const auto aad = kInput.first<64>();
  std::array<uint8_t, 48> sealed;
  AeadSeal(TestKey(), plaintext, aad, sealed);
  if (sealed != answers.handshake_aead) return false;

  std::array<uint8_t, 32> opened;
  if (!AeadOpen(TestKey(), sealed, aad, opened)) return false;
  if (!std::equal(opened.begin(), opened.end(), plaintext.begin())) return false;
  if (AeadOpen(TestKey(), sealed, kInput.first<63>(), opened)) return false;
  sealed[0] ^= 1;
  return !AeadOpen(TestKey(), sealed, aad, opened);
}

bool XChaCha20Poly1305Passes(const KnownAnswers& answers) {
  const auto nonce = kInput.first<24>();
  const auto plaintext = kInput.first<16>();
  const auto aad = kInput.first<16>();
  std::array<uint8_t, 32> sealed;
  XAeadSeal(TestKey(), nonce, plaintext, aad, sealed);
  if (sealed != answers.xchacha20_poly1305) return false;

  std::array<uint8_t, 16> opened;
  if (!XAeadOpen(TestKey(), nonce, sealed, aad, opened)) return false;
  if (!std::equal(opened.begin(), opened.end(), plaintext.begin())) return false;
  sealed.back() ^= 0x80;
  return !XAeadOpen(TestKey(), nonce, sealed, aad, opened);
}

struct Check {
  const char* name;
  bool (*passes)(const KnownAnswers& answers);
};

constexpr Check kChecks[] = {
    {"BLAKE2s", Blake2sPasses},
    {"keyed BLAKE2s", Blake2sMac16Passes},
    {"HMAC-BLAKE2s", HmacPasses},
    {"KDF", KdfPasses},
    {"X25519 public key", X25519PublicPasses},
    {"X25519 shared secret", X25519SharedPasses},
    {"ChaCha20-Poly1305 transport", ChaCha20Poly1305Passes},
    {"ChaCha20-Poly1305 handshake", HandshakeAeadPasses},
    {"XChaCha20-Poly1305", XChaCha20Poly1305Passes},
};

}  // namespace

const KnownAnswers& StandardAnswers() { return kStandardAnswers; }

bool SelfTestAgainst(const KnownAnswers& answers, std::string* what_failed) {
  for (const Check& check : kChecks) {
    if (check.passes(answers)) continue;
    *what_failed = check.name;
    return false;
  }
  return true;
}

bool SelfTestAead(AeadSuite suite, AeadRuns& runs, const KnownAnswers& answers) {
  switch (suite) {
    case AeadSuite::kChaCha20Poly1305:
      return SuitePasses(suite, runs, answers.chacha20_poly1305_tag);
    case AeadSuite::kAes256Gcm:
      return SuitePasses(suite, runs, answers.aes_256_gcm_tag);
  }
  FailRequirement("a known AeadSuite");
}

bool SelfTestAes256Gcm(const KnownAnswers& answers) {
  BoringSslRuns runs;
  return SelfTestAead(AeadSuite::kAes256Gcm, runs, answers);
}

bool SelfTest(std::string* what_failed) { return SelfTestAgainst(kStandardAnswers, what_failed); }

}  // namespace ringwire::crypto

// The two halves of the interleaved ChaCha20-Poly1305. aead_test.cc and aead_provider_test.cc test
// it as a provider.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/aead_context.h"
#include "crypto/aead_interleaved.h"
#include "crypto/interleaved_chacha20.h"
#include "crypto/interleaved_poly1305.h"
#include "tests/unit/crypto/hex.h"

namespace ringwire::crypto {
namespace {

struct Vector {
  Bytes key, nonce, aad, plaintext, ciphertext, tag;
};

std::vector<Vector> ReadVectors() {
  std::ifstream file(RINGWIRE_CHACHA_VECTORS);
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    Vector vector;
    for (Bytes* const bytes : {&vector.key, &vector.nonce, &vector.aad, &vector.plaintext,
                               &vector.ciphertext, &vector.tag}) {
      std::string word;
      words >> word;
      if (word != "-") *bytes = FromHex(word);
    }
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

uint32_t LittleEndian(const Bytes& bytes, size_t word) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t{bytes[4 * word + i]} << (8 * i);
  return value;
}

std::array<uint32_t, 8> KeyWords(const Bytes& key) {
  std::array<uint32_t, 8> words;
  for (size_t i = 0; i < 8; ++i) words[i] = LittleEndian(key, i);
  return words;
}

std::array<uint32_t, 3> NonceWords(const Bytes& nonce) {
  return {LittleEndian(nonce, 0), LittleEndian(nonce, 1), LittleEndian(nonce, 2)};
}

void AppendPadded(const Bytes& from, Bytes* to) {
  to->insert(to->end(), from.begin(), from.end());
  to->resize((to->size() + 15) / 16 * 16);
}

class InterleavedTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanInterleave()) GTEST_SKIP() << "this CPU lacks AVX-512 F, BW or IFMA";
  }
};

TEST(WycheproofTest, BoringSslPasses) {
  const std::vector<Vector> vectors = ReadVectors();
  ASSERT_GT(vectors.size(), 200u);
  for (const Vector& vector : vectors) {
    const AeadContext context(EVP_aead_chacha20_poly1305(),
                              SymmetricKey(std::span<const uint8_t, 32>(vector.key)));
    Bytes sealed(vector.plaintext.size() + kTagBytes);
    context.Seal(vector.nonce, vector.plaintext, vector.aad, sealed);
    Bytes expected = vector.ciphertext;
    expected.insert(expected.end(), vector.tag.begin(), vector.tag.end());
    EXPECT_EQ(ToHex(sealed), ToHex(expected));
  }
}

TEST_F(InterleavedTest, ChaCha20PassesWycheproof) {
  for (const Vector& vector : ReadVectors()) {
    Bytes text = vector.plaintext;
    const ChaChaStream stream = {text.data(), text.size(), NonceWords(vector.nonce), 1};
    XorChaChaStreams(KeyWords(vector.key), {&stream, 1});
    EXPECT_EQ(ToHex(text), ToHex(vector.ciphertext));
  }
}

// Vectors of all sizes side by side in the lanes, each with associated data in front of its text.
TEST_F(InterleavedTest, Poly1305PassesWycheproof) {
  const std::vector<Vector> vectors = ReadVectors();
  for (size_t first = 0; first < vectors.size(); first += kPolyLanes) {
    const size_t count = std::min(vectors.size() - first, kPolyLanes);
    std::vector<Bytes> texts(count);
    std::vector<PolyMessage> messages;
    std::array<PolyKey, kPolyLanes> keys{};
    std::array<PolyTag, kPolyLanes> tags{};
    for (size_t i = 0; i < count; ++i) {
      const Vector& vector = vectors[first + i];
      const ChaChaStream stream = {keys[i].data(), keys[i].size(), NonceWords(vector.nonce), 0};
      XorChaChaStreams(KeyWords(vector.key), {&stream, 1});
      AppendPadded(vector.aad, &texts[i]);
      AppendPadded(vector.ciphertext, &texts[i]);
      messages.push_back(
          {texts[i].data(), texts[i].size(), {vector.aad.size(), vector.ciphertext.size()}});
    }
    Poly1305Lanes(messages, keys.data(), tags.data());
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(ToHex(tags[i]), ToHex(vectors[first + i].tag));
  }
}

// RFC 8439 §2.4.2.
TEST_F(InterleavedTest, ChaCha20MatchesTheRfc) {
  Bytes text = FromText(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.");
  const ChaChaStream stream = {text.data(), text.size(), {0, 0x4a000000, 0}, 1};
  XorChaChaStreams(KeyWords(Counting(32)), {&stream, 1});
  EXPECT_EQ(ToHex(text),
            "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
            "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
            "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
            "5af90bbf74a35be6b40b8eedf2785e42874d");
}

// Blocks of several streams share a pass, and a pass ends within a stream.
TEST_F(InterleavedTest, StreamsInOneCallAreTheSameAsAlone) {
  const std::array<uint32_t, 8> key = KeyWords(Counting(32, 9));
  for (const size_t count : {2u, 5u, 16u, 33u}) {
    std::vector<Bytes> together, alone;
    std::vector<ChaChaStream> streams;
    for (size_t i = 0; i < count; ++i) together.push_back(Counting((i * 173) % 700, i));
    alone = together;
    for (size_t i = 0; i < count; ++i) {
      const auto word = static_cast<uint32_t>(i);
      streams.push_back({together[i].data(), together[i].size(), {word, word * 77, ~word}, word});
    }
    XorChaChaStreams(key, streams);
    for (size_t i = 0; i < count; ++i) {
      ChaChaStream stream = streams[i];
      stream.data = alone[i].data();
      XorChaChaStreams(key, {&stream, 1});
      EXPECT_EQ(together[i], alone[i]) << count << " " << i;
    }
  }
}

TEST_F(InterleavedTest, NothingToDoIsNoError) {
  const std::array<uint32_t, 8> key{};
  XorChaChaStreams(key, {});
  const ChaChaStream empty = {nullptr, 0, {}, 0};
  XorChaChaStreams(key, {&empty, 1});
}

// Sums that end next to the prime and to 2^128, where a lost carry shows. r is 1, so the sum is
// that of the blocks; the second half of the key is added last.
TEST_F(InterleavedTest, Poly1305CarriesAtTheEdges) {
  struct Edge {
    const char* text;
    const char* pad;
    const char* tag;
  };
  // The block of lengths adds 2^128 to each sum of blocks with 2^128 of their own.
  constexpr Edge kEdges[] = {
      // 2 * 2^128 + 2^128 - 1 + 0: below the prime.
      {"ffffffffffffffffffffffffffffffff", "00000000000000000000000000000000",
       "ffffffffffffffffffffffffffffffff"},
      // The pad carries out of 128 bits.
      {"ffffffffffffffffffffffffffffffff", "02000000000000000000000000000000",
       "01000000000000000000000000000000"},
      // 3 * 2^128 + 2^128 - 5 is the prime: 0.
      {"00000000000000000000000000000000fbffffffffffffffffffffffffffffff",
       "00000000000000000000000000000000", "00000000000000000000000000000000"},
      // One less.
      {"00000000000000000000000000000000faffffffffffffffffffffffffffffff",
       "00000000000000000000000000000000", "faffffffffffffffffffffffffffffff"},
      // 2^130 - 1 is 4.
      {"00000000000000000000000000000000ffffffffffffffffffffffffffffffff",
       "00000000000000000000000000000000", "04000000000000000000000000000000"},
  };
  for (const Edge& edge : kEdges) {
    const Bytes text = FromHex(edge.text);
    const Bytes pad = FromHex(edge.pad);
    PolyKey key{1};
    std::copy(pad.begin(), pad.end(), key.begin() + 16);
    PolyTag tag{};
    const PolyMessage message = {text.data(), text.size(), {0, 0}};
    Poly1305Lanes({&message, 1}, &key, &tag);
    EXPECT_EQ(ToHex(tag), edge.tag) << edge.text;
  }
}

}  // namespace
}  // namespace ringwire::crypto

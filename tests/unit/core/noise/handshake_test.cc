// Handshakes that succeed: the published vectors, and that both ends agree.

#include "tests/unit/core/noise/handshake_fixture.h"

namespace ringwire {
namespace {

TEST_F(HandshakeTest, InitiationIsThatOfTheVectors) {
  const InitiationMessage message = Initiate();
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(message))),
            "de5e3ba6ab184876b482712a8b2ab41de916e0fe646cc0fc9f1ecfa3cc156446");
}

TEST_F(HandshakeTest, ResponseAndSessionKeysAreThoseOfTheVectors) {
  const CreatedResponse created = Respond(Initiate());
  EXPECT_EQ(Hex(created.message.encrypted_nothing), "b972633b5d864a3205502068fbdaf689");
  EXPECT_EQ(Hex(crypto::Blake2s(MessageBytes(created.message))),
            "62b48e373b51ff5dd39e26b0164bb6a68e8ff2b20123d00430d77c33d221c8eb");
  EXPECT_EQ(Hex(created.keys.receive.bytes()),
            "a18cc809fd05b6b5f99644cf506f89dce368c2f54a9dbeb9a384f36c274317ef");
  EXPECT_EQ(Hex(created.keys.send.bytes()),
            "b1aa1b797d3a45da97552b8084ade493aa767f15af95854bc86557f6dacd851d");
  ExpectGenuineResponseCompletes(created);
}

TEST_F(HandshakeTest, FirstKeepaliveIsThatOfTheVectors) {
  const auto consumed = Consume(Respond(Initiate()).message);
  const Keypair keypair(std::get<SessionKeys>(consumed), nullptr, kNow);
  std::array<uint8_t, kTransportOverheadBytes> keepalive{};
  StoreTransportHeader(keepalive.data(), keypair.remote_index(), 0);
  const crypto::SealSegment segment{.data = keepalive.data() + kTransportHeaderBytes, .size = 0};
  crypto::AeadEngine().SealRun(keypair.send_key(), {&segment, 1}, 0);
  EXPECT_EQ(Hex(keepalive), "040000008877665500000000000000002573d3030aabba0c616df8e5a1bab60b");
}

TEST_F(HandshakeTest, MessagesCarryTypeAndIndicesAndNoMacs) {
  ConstantRandom random(3);
  const InitiationMessage initiation =
      CreateInitiation(initiator_.local, initiator_.remote, kInitiatorIndex, VectorTimestamp(),
                       random, &pending_)
          .value();
  EXPECT_EQ(LoadLe32(initiation.type), kMessageInitiation);
  EXPECT_EQ(LoadLe32(initiation.sender_index), kInitiatorIndex);
  EXPECT_EQ(std::to_array(initiation.mac1), crypto::Mac16{});
  EXPECT_EQ(std::to_array(initiation.mac2), crypto::Mac16{});

  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  const ResponseMessage response =
      CreateResponse(responder_.remote, opened, kResponderIndex, random).value().message;
  EXPECT_EQ(LoadLe32(response.type), kMessageResponse);
  EXPECT_EQ(LoadLe32(response.sender_index), kResponderIndex);
  EXPECT_EQ(LoadLe32(response.receiver_index), kInitiatorIndex);
  EXPECT_EQ(std::to_array(response.mac1), crypto::Mac16{});
  EXPECT_EQ(std::to_array(response.mac2), crypto::Mac16{});
}

TEST_F(HandshakeTest, OpeningYieldsWhoAndWhen) {
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, Initiate(), &opened), std::nullopt);
  EXPECT_EQ(opened.remote_index, kInitiatorIndex);
  EXPECT_EQ(opened.remote_static, initiator_.local.public_key);
  EXPECT_EQ(opened.remote_ephemeral, crypto::PublicFromPrivate(Filled(3)));
  EXPECT_EQ(opened.timestamp, VectorTimestamp());
}

TEST_F(HandshakeWithoutPskTest, BothEndsDeriveTheSameKeys) {
  ExpectGenuineResponseCompletes(Respond(Initiate()));
}

TEST_F(HandshakeWithoutPskTest, RandomIdentitiesAgree) {
  SeededRandom random(4);
  for (int i = 0; i < 10; ++i) {
    const crypto::PrivateKey ours = crypto::GeneratePrivateKey(random);
    const crypto::PrivateKey theirs = crypto::GeneratePrivateKey(random);
    crypto::PresharedKey preshared_key;
    random.Fill(preshared_key.bytes());
    const Side a(ours, crypto::PublicFromPrivate(theirs), preshared_key);
    const Side b(theirs, crypto::PublicFromPrivate(ours), preshared_key);
    PendingInitiation pending;
    const InitiationMessage initiation =
        CreateInitiation(a.local, a.remote, random.Uint32(), VectorTimestamp(), random, &pending)
            .value();
    OpenedInitiation opened;
    ASSERT_EQ(Open(b, initiation, &opened), std::nullopt);
    const CreatedResponse created =
        CreateResponse(b.remote, opened, random.Uint32(), random).value();
    const auto consumed = ConsumeResponse(a.local, a.remote, pending, created.message);
    ASSERT_TRUE(std::holds_alternative<SessionKeys>(consumed));
    ExpectSameSession(std::get<SessionKeys>(consumed), created.keys);
  }
}

TEST_F(HandshakeWithoutPskTest, EveryHandshakeHasItsOwnKeys) {
  SeededRandom random(5);
  const InitiationMessage initiation = Initiate();
  OpenedInitiation opened;
  ASSERT_EQ(Open(responder_, initiation, &opened), std::nullopt);
  const auto first = CreateResponse(responder_.remote, opened, kResponderIndex, random).value();
  const auto second = CreateResponse(responder_.remote, opened, kResponderIndex, random).value();
  EXPECT_FALSE(first.keys.send == second.keys.send);
  EXPECT_NE(std::to_array(first.message.ephemeral), std::to_array(second.message.ephemeral));
}

}  // namespace
}  // namespace ringwire

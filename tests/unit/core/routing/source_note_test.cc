#include "core/routing/source_note.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ringwire {
namespace {

Instant At(int64_t seconds) { return Instant::FromNanoseconds(seconds * 1'000'000'000); }

TEST(SourceNoteTest, HasNothingAtFirst) { EXPECT_FALSE(SourceNote().Read().has_value()); }

TEST(SourceNoteTest, KeepsTheCountAndTheLastSource) {
  SourceNote note;
  note.Note(At(1), *SocketAddress::Parse("192.0.2.1:7"));
  note.Note(At(5), *SocketAddress::Parse("[fe80::1%3]:65535"));
  const std::optional<NotedSource> noted = note.Read();
  ASSERT_TRUE(noted.has_value());
  EXPECT_EQ(noted->count, 2U);
  EXPECT_EQ(noted->last_from, *SocketAddress::Parse("[fe80::1%3]:65535"));
  EXPECT_EQ(noted->last_at, At(5));
}

TEST(SourceNoteTest, AReaderNeverSeesAMixture) {
  SourceNote note;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint16_t i = 1; !stop; i = static_cast<uint16_t>(i % 60000 + 1)) {
      SocketAddress from = *SocketAddress::Parse("192.0.2.1:7");
      from.port = i;
      from.scope_id = i;
      note.Note(At(i), from);
    }
  });
  for (int reads = 0; reads < 20000; ++reads) {
    const std::optional<NotedSource> noted = note.Read();
    if (!noted.has_value()) continue;
    ASSERT_EQ(noted->last_from.scope_id, noted->last_from.port);
    ASSERT_EQ(noted->last_at, At(noted->last_from.port));
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace ringwire

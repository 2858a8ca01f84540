#include "platform/gateway/host/gather_facts.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <utility>

#include "tests/support/folder_test.h"

namespace ringwire::platform {
namespace {

class GatherFactsTest : public FolderTest {
 protected:
  Journal MustOpen(const std::string& interface) {
    absl::StatusOr<Journal> journal = Journal::Open(folder_, interface);
    if (!journal.ok()) {
      ADD_FAILURE() << journal.status();
      std::abort();
    }
    return *std::move(journal);
  }
  // As `up --dry-run` does, which owns no journal.
  HostFacts Gather() const {
    const absl::StatusOr<Journal> own = Journal::Copy(folder_, "rwfacts0");
    EXPECT_TRUE(own.ok()) << own.status();
    absl::StatusOr<HostFacts> facts = GatherFacts("rwfacts0", {}, *own, folder_);
    EXPECT_TRUE(facts.ok()) << facts.status();
    return *std::move(facts);
  }
};

TEST_F(GatherFactsTest, WithoutJournalsNothingIsTaken) {
  const HostFacts facts = Gather();
  EXPECT_TRUE(facts.others.empty());
  EXPECT_TRUE(facts.switches.empty());
  EXPECT_EQ(facts.predecessor, Reservation());
  EXPECT_FALSE(facts.predecessor_kill_switch);
}

TEST_F(GatherFactsTest, APredecessorThatWasKilledKeepsItsMarkAndItsKillSwitch) {
  {
    Journal own = MustOpen("rwfacts0");
    ASSERT_TRUE(own.RecordReservation({.mark = 51821}, CurrentNetworkId()).ok());
    ASSERT_TRUE(
        own.Record(action::DeleteNftTable{"ringwire-rwfacts0"}, /*stays_after_crash=*/true).ok());
  }
  const HostFacts facts = Gather();
  EXPECT_EQ(facts.predecessor.mark, 51821U);
  EXPECT_TRUE(facts.predecessor_kill_switch);
  EXPECT_TRUE(facts.others.empty()) << "its own reservation is not another's";
}

TEST_F(GatherFactsTest, ATableThatGoesWithACrashIsNoKillSwitch) {
  {
    Journal own = MustOpen("rwfacts0");
    ASSERT_TRUE(
        own.Record(action::DeleteNftTable{"ringwire-rwfacts0"}, /*stays_after_crash=*/false).ok());
  }
  EXPECT_FALSE(Gather().predecessor_kill_switch);
}

TEST_F(GatherFactsTest, OtherInterfacesOfThisNetworkHaveTakenTheirs) {
  Journal here = MustOpen("rwfacts1");
  ASSERT_TRUE(here.RecordReservation({.mark = 1, .kill_switch = true}, CurrentNetworkId()).ok());
  Journal elsewhere = MustOpen("rwfacts2");
  ASSERT_TRUE(elsewhere.RecordReservation({.mark = 2}, CurrentNetworkId() + 1).ok());
  const HostFacts facts = Gather();
  ASSERT_EQ(facts.others.size(), 1U);
  EXPECT_EQ(facts.others.front().interface, "rwfacts1");
  EXPECT_EQ(facts.others.front().mark, 1U);
  EXPECT_EQ(facts.switches.size(), 1U);
}

}  // namespace
}  // namespace ringwire::platform

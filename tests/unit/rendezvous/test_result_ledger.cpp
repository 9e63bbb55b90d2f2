// What the processes of a run tell each other of its result.
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/rendezvous/result_ledger.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

using test::MemoryStore;

TEST(ResultLedger, TheFirstProposalNamesTheRun) {
  MemoryStore store;
  EXPECT_EQ(ResultLedger(store).run_id("first"), "first");
  EXPECT_EQ(ResultLedger(store).run_id("second"), "first");
  EXPECT_EQ(ResultLedger(store, "attempt/1/").run_id("second"), "second") << "keys of its own";
}

TEST(ResultLedger, FencingNumbersGrow) {
  MemoryStore store;
  ResultLedger ledger(store);
  EXPECT_FALSE(ledger.writer());
  EXPECT_EQ(ledger.claim(0, "rank 0"), 1);
  EXPECT_EQ(ledger.claim(0, "rank 0"), 2) << "the same one, anew";
  EXPECT_EQ(ledger.claim(1, "rank 1"), 3);
  EXPECT_EQ(ledger.writer(), (WriterRecord{1, 3, "rank 1"}));
}

TEST(ResultLedger, OneOfAnEarlierGenerationDoesNotComeBack) {
  MemoryStore store;
  ResultLedger ledger(store);
  EXPECT_EQ(ledger.claim(4, "rank 0"), 1);
  EXPECT_EQ(ledger.claim(5, "rank 1"), 2);
  EXPECT_FALSE(ledger.claim(4, "rank 0")) << "a sleeper that wakes";
  EXPECT_FALSE(ledger.claim(5, "rank 2")) << "rank 1 writes";
  EXPECT_EQ(ledger.writer()->name, "rank 1");
}

TEST(ResultLedger, WhoCannotWriteMakesRoomForTheNext) {
  MemoryStore store;
  ResultLedger ledger(store);
  const std::vector<std::string> names = {"rank 0", "rank 1"};
  EXPECT_EQ(ledger.claim(0, "rank 0"), 1);
  EXPECT_EQ(ledger.first_able(names), "rank 0");
  ledger.say_unable("rank 0", "no space");
  EXPECT_EQ(ledger.why_unable("rank 0"), "no space");
  EXPECT_EQ(ledger.first_able(names), "rank 1");
  EXPECT_EQ(ledger.claim(0, "rank 1"), 2);
  ledger.say_unable("rank 1", "no space");
  EXPECT_FALSE(ledger.first_able(names));
  ledger.say_able("rank 0");
  EXPECT_EQ(ledger.first_able(names), "rank 0");
}

TEST(ResultLedger, WhatIsDurableComesBack) {
  MemoryStore store;
  ResultLedger ledger(store);
  EXPECT_FALSE(ledger.result_required());
  EXPECT_FALSE(ledger.durable());
  EXPECT_FALSE(ledger.durable(std::chrono::milliseconds(1)));
  ledger.require_result();
  const DurableResult result{"host", "runs/a b", "12-34", "56-78"};
  ledger.say_durable(result);
  EXPECT_TRUE(ledger.result_required());
  EXPECT_EQ(ledger.durable(), result);
  EXPECT_EQ(ledger.durable(std::chrono::milliseconds(1)), result);
}

TEST(ResultLedger, FolderCheckpointAndFailure) {
  MemoryStore store;
  ResultLedger ledger(store);
  EXPECT_FALSE(ledger.folder());
  EXPECT_FALSE(ledger.checkpoint());
  EXPECT_FALSE(ledger.failed());
  ledger.say_folder("host", "runs/1");
  ledger.say_checkpoint(100);
  ledger.say_checkpoint(200);
  ledger.say_failed("no space left");
  ledger.say_failed("a later word");
  EXPECT_EQ(ledger.folder(), "runs/1");
  EXPECT_EQ(ledger.checkpoint(), 200);
  EXPECT_EQ(ledger.failed(), "no space left");
}

TEST(ResultLedger, AnEntryOfAnotherFormIsAnError) {
  MemoryStore store;
  store.set("result/writer", "x\ny\nz");
  EXPECT_THROW(ResultLedger(store).claim(0, "rank 0"), Error);
  store.set("result/writer", "1");
  EXPECT_THROW(ResultLedger(store).writer(), Error);
}

}  // namespace
}  // namespace muster

#include "muster/app/launch/result_watch.h"

#include <fmt/format.h>

#include "muster/app/options/run_configuration.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/rendezvous/result_ledger.h"

namespace muster::inline app {

namespace {

constexpr std::chrono::seconds patience{5};  ///< the store is a thread of this process

}  // namespace

void ResultWatch::look() {
  if (news_.durable) return;
  try {
    StoreClient client(store_, patience);
    ResultLedger ledger(client);
    news_ = {ledger.result_required(), ledger.durable().has_value(), ledger.failed().has_value()};
    failure_ = ledger.failed().value_or("");
    folder_ = ledger.folder();
    checkpoint_ = ledger.checkpoint();
  } catch (const Error& error) {
    print_log("muster: cannot ask for the run's result: {}\n", error.what());
  }
}

std::string ResultWatch::missing() const {
  if (!news_.due || news_.durable) return "";
  if (failure_.find("missing") != std::string::npos) return failure_;
  std::string text = failure_.empty() ? "" : failure_ + "; ";
  text += "the result (model.safetensors, summary.json) is missing";
  if (!folder_) return text + ": start the run again";
  text += fmt::format(" in '{}'", *folder_);
  if (!checkpoint_)
    return text + ", which holds no checkpoint: start the run again, with --run.resume in that folder";
  return text + fmt::format("; the newest checkpoint is of step {}: resume with `{}`", *checkpoint_,
                            resume_command("train", *folder_));
}

}  // namespace muster::inline app

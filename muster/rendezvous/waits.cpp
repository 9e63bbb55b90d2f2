#include "muster/rendezvous/waits.h"

#include <utility>

namespace muster::inline rendezvous {

std::optional<Wait> Waits::present() const {
  const std::lock_guard lock(mutex_);
  if (waits_.empty()) return std::nullopt;
  Wait wait = waits_.rbegin()->second;
  wait.since = waits_.begin()->second.since;
  return wait;
}

Waits::Note::Note(Waits* waits, Wait wait) : waits_(waits) {
  if (waits_ == nullptr) return;
  wait.since = std::chrono::steady_clock::now();
  const std::lock_guard lock(waits_->mutex_);
  number_ = waits_->next_++;
  waits_->waits_.emplace(number_, std::move(wait));
}

Waits::Note::~Note() {
  if (waits_ == nullptr) return;
  const std::lock_guard lock(waits_->mutex_);
  waits_->waits_.erase(number_);
}

void Waits::Note::change(Wait wait) const {
  if (waits_ == nullptr) return;
  const std::lock_guard lock(waits_->mutex_);
  Wait& noted = waits_->waits_.at(number_);
  wait.since = noted.since;
  noted = std::move(wait);
}

}  // namespace muster::inline rendezvous

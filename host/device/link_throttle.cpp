#include "host/device/link_throttle.hpp"

#include <algorithm>
#include <utility>

#include "compiler/base/rng.hpp"

namespace spikeloom {
namespace {

class ThrottledLink final : public Link {
 public:
  ThrottledLink(std::unique_ptr<Link> inner, std::uint64_t seed)
      : inner_(std::move(inner)), seed_(seed), rng_(seed) {}

  std::size_t send(std::span<const Word> words) override {
    return inner_->send(words.first(cut(words.size())));
  }
  std::size_t receive(std::span<Word> words) override {
    return inner_->receive(words.first(cut(words.size())));
  }
  bool progress() override {
    // Not asking counts as "something may change": the caller comes again.
    if (rng_.chance(0.3)) return true;
    const bool moved = inner_->progress();
    // A short receive leaves words behind that need no progress; say so until one came in full.
    return std::exchange(cut_short_, false) || moved;
  }
  [[nodiscard]] std::string describe() const override {
    return inner_->describe() + ", throttled by seed " + std::to_string(seed_);
  }

 private:
  std::size_t cut(std::size_t size) {
    const std::size_t kinds = rng_.below(4);
    const std::size_t limit = kinds == 0 ? 0 : kinds == 1 ? 1 : kinds == 2 ? 1 + rng_.below(16) : size;
    cut_short_ = cut_short_ || limit < size;
    return std::min(size, limit);
  }

  std::unique_ptr<Link> inner_;
  std::uint64_t seed_;
  Rng rng_;
  bool cut_short_ = false;
};

}  // namespace

std::unique_ptr<Link> throttle(std::unique_ptr<Link> inner, std::uint64_t seed) {
  return std::make_unique<ThrottledLink>(std::move(inner), seed);
}

}  // namespace spikeloom

// Words between a link's callers and its device.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compiler/chip_model/link.hpp"

namespace spikeloom {

/// First in, first out, in one piece of memory so that a device can walk it.
class WordBuffer {
 public:
  static constexpr std::size_t kWords = 16384;

  [[nodiscard]] std::span<const Word> waiting() const { return std::span(words_).subspan(first_); }
  [[nodiscard]] std::size_t room() const { return kWords - (words_.size() - first_); }
  void push(std::span<const Word> words) {
    if (first_ != 0) {
      words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    words_.insert(words_.end(), words.begin(), words.end());
  }
  void pop(std::size_t count) {
    first_ += count;
    if (first_ == words_.size()) {
      words_.clear();
      first_ = 0;
    }
  }

 private:
  std::vector<Word> words_;
  std::size_t first_ = 0;
};

}  // namespace spikeloom

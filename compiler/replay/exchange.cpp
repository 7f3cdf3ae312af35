#include "compiler/replay/exchange.hpp"

#include <cstdio>
#include <span>

#include "compiler/base/error.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

}  // namespace

Word read_word(std::uint32_t node, std::uint32_t address) {
  hw::WordRing ring;
  ring.kind = hw::kKindRingRead;
  ring.node = node;
  ring.address = address;
  return ring.pack();
}

Exchange::Exchange(Link& link, std::chrono::seconds quiet_limit)
    : link_(link), quiet_limit_(quiet_limit), last_moved_(std::chrono::steady_clock::now()) {}

void Exchange::check_chip(const Chip& chip) {
  const std::uint32_t hardware = read(0, hw::kAddrNodeHardwareHash);
  if (hardware != hw::kHardwareHash)
    throw device_error(link_.describe() + ": hardware description " + hex(hardware) + ", this program has " +
                       hex(hw::kHardwareHash) + "; build both from one source");
  const std::uint32_t found = read(0, hw::kAddrNodeChipHash);
  if (found != chip_hash(chip))
    throw device_error(link_.describe() + ": chip " + hex(found) + ", the image was compiled for " +
                       hex(chip_hash(chip)) + " (" + chip.name + "); open that chip or compile again");
}

bool Exchange::move(std::vector<Word>& outgoing, std::size_t& sent) {
  constexpr std::size_t kBatch = 4096;
  const std::size_t taken = link_.send(std::span(outgoing).subspan(sent));
  sent += taken;
  if (sent == outgoing.size()) {
    outgoing.clear();
    sent = 0;
  }
  const std::size_t before = received_.size();
  received_.resize(before + kBatch);
  const std::size_t got = link_.receive(std::span(received_).subspan(before));
  received_.resize(before + got);
  if (taken + got > 0) {
    last_moved_ = std::chrono::steady_clock::now();
    return true;
  }
  return link_.progress();
}

void Exchange::check_alive(bool moved, const std::string& waiting_for) {
  if (moved) return;
  // Nothing moved and the device says that nothing will: look once more, then give up. What has been received
  // before, and nobody has taken, is no news.
  std::vector<Word> none;
  std::size_t sent = 0;
  if (move(none, sent)) return;
  const auto quiet = std::chrono::steady_clock::now() - last_moved_;
  if (quiet > quiet_limit_)
    throw device_error(link_.describe() + ": time-out after " + std::to_string(quiet_limit_.count()) +
                       " s without a word; waiting for " + waiting_for);
  if (!link_.progress()) throw device_error(link_.describe() + ": stands still; waiting for " + waiting_for);
}

void Exchange::wait_until(const std::function<bool()>& holds, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + quiet_limit_;
  while (!holds())
    if (std::chrono::steady_clock::now() > deadline)
      throw device_error(link_.describe() + ": time-out; " + what);
}

void Exchange::write(std::vector<Word> words) {
  std::size_t sent = 0;
  while (!words.empty()) check_alive(move(words, sent), "room for configuration words");
}

std::vector<std::uint32_t> Exchange::ask(std::vector<Word> words) {
  std::vector<hw::WordRing> questions;
  for (const Word word : words)
    if (word >> 60U == hw::kKindRingRead) questions.push_back(hw::WordRing::unpack(word));
  std::vector<std::uint32_t> answers;
  answers.reserve(questions.size());
  std::size_t sent = 0;
  while (answers.size() < questions.size() || !words.empty()) {
    const bool moved = move(words, sent);
    const std::size_t before = answers.size();
    std::erase_if(received_, [&](Word word) {
      if (word >> 60U != hw::kKindRingAnswer) return false;
      const auto answer = hw::WordRing::unpack(word);
      if (answers.size() == questions.size() || answer.node != questions[answers.size()].node ||
          answer.address != questions[answers.size()].address)
        throw device_error(link_.describe() + ": an answer for another question on the ring");
      answers.push_back(answer.data);
      return true;
    });
    if (answers.size() == before && answers.size() < questions.size()) {
      const hw::WordRing& question = questions[answers.size()];
      check_alive(moved, "the answer of register " + hex(question.address) + " of node " +
                             std::to_string(question.node));
    }
  }
  return answers;
}

std::uint32_t Exchange::read(std::uint32_t node, std::uint32_t address) {
  return ask({read_word(node, address)}).front();
}

}  // namespace spikeloom

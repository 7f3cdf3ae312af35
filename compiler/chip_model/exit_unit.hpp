// The host port's exit unit, as the model has it: what it decides, over the words of a stream. No time: the
// unit decides and drops while target time stands still. docs/protocol.md, section 6, Exit.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "compiler/chip/chip.hpp"
#include "compiler/chip_model/link.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom::device_model {

class ExitUnit {
 public:
  explicit ExitUnit(const Chip& chip);

  /// As NODE_CONTROL.clear: off, nothing gathered.
  void clear();
  /// Throws Error{kDevice} for what no unit of this chip can be told.
  void write(std::uint32_t field, std::uint32_t data);
  /// A chunk, or an end-of-step without run_end, arrives at a sink.
  void chunk(std::uint32_t sink, std::uint32_t index, std::uint32_t mask);
  void end(std::uint32_t sink, bool sample_end);
  /// A WAIT for the sink leaves an application's queue. The last one in front of a step has it decide.
  void waited(std::uint32_t application, std::uint32_t sink);
  /// Whether the word at the head of an application's queue is dropped, or is to be sent void.
  [[nodiscard]] bool drops(std::uint32_t application, Word word) const;
  [[nodiscard]] bool voids(std::uint32_t application, Word word) const;
  /// An end-of-step that ends a sample has left.
  void sample_ended(std::uint32_t application, std::uint32_t channel);

 private:
  struct Step {
    std::map<std::uint32_t, std::int32_t> values;  ///< by sink and neuron, of those that sent something
    std::uint32_t ended = 0;                       ///< sinks
    bool sample_end = false;
  };

  [[nodiscard]] bool is_readout(std::uint32_t sink) const;
  [[nodiscard]] bool is_mine(std::uint32_t application) const {
    return source_.valid != 0 && source_.app == application;
  }
  Step& step_of(std::uint32_t sink);
  [[nodiscard]] bool is_far(const Step& step) const;

  std::uint32_t most_steps_, most_sinks_;
  hw::RegExitSinks sinks_;
  hw::RegExitSource source_;
  std::uint32_t neurons_ = 0, margin_ = 0;
  std::deque<Step> steps_;           ///< not waited for yet
  std::vector<std::size_t> at_;      ///< by sink of the readout: steps that it has ended, of steps_
  std::uint32_t samples_ahead_ = 0;  ///< that the source has ended and the last step waited for has not
  bool dropping_ = false;
};

}  // namespace spikeloom::device_model

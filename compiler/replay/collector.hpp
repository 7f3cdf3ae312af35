// What arrives at one application's sinks during a run, put where it belongs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/chip_model/link.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/device_run.hpp"
#include "compiler/replay/output_traces.hpp"

namespace spikeloom {

class Collector {
 public:
  /// Expects no step yet. Keeps a reference to the image. Stamps are counted from target cycle `origin`.
  Collector(const ImageView& image, std::int64_t origin);
  /// Expects the steps of all samples.
  Collector(const ImageView& image, const Dataset& data, std::int64_t origin);

  /// Steps that are expected from now on belong to this sample; room for `steps`.
  void begin_sample(const Sample& sample, std::size_t steps);
  void expect_step(StepPlace place);

  /// Whether the word is of this application's channels.
  [[nodiscard]] bool owns(Word word) const;
  /// Throws Error{kDevice} for a word that makes no sense.
  void take(Word word);

  /// Steps whose last end-of-step has been sent, and whose last has arrived, in order.
  [[nodiscard]] std::size_t sent() const { return run_.sent.size(); }
  [[nodiscard]] std::size_t ended() const { return ended_; }
  /// Stamp of the last end-of-step that was sent, from cycle 0 of the chip.
  [[nodiscard]] std::int64_t last_sent() const { return origin_ + run_.sent.back(); }
  [[nodiscard]] bool finished() const {
    return finished_sinks_ == sinks_.size() && run_.sent.size() == steps_.size();
  }
  [[nodiscard]] const RunOutputs& so_far() const { return traces_.outputs(); }
  /// Stamps of a step that has ended, as DeviceRun's.
  [[nodiscard]] std::int64_t sent_at(std::size_t step) const { return run_.sent.at(step); }
  [[nodiscard]] std::int64_t ended_at(std::size_t step) const { return run_.ended.at(step); }
  [[nodiscard]] std::string waiting_for() const;
  [[nodiscard]] DeviceRun result();

 private:
  struct Step {
    std::size_t sample, step;
    bool is_void;
  };
  struct Sink {
    std::size_t step = 0;
    bool run_ended = false;
  };

  Sink& sink(std::uint32_t number);
  void chunk(std::uint32_t number, std::uint32_t index, std::uint16_t mask);
  void end(std::uint32_t number, std::int64_t stamp, bool run_end, bool is_void);

  std::int64_t origin_;
  std::uint32_t first_sink_, last_host_channel_ = 0;
  std::vector<bool> is_host_channel_;  ///< by the host's channel number
  OutputTraces traces_;
  std::vector<Step> steps_;
  std::size_t samples_ = 0, steps_of_sample_ = 0;
  std::vector<Sink> sinks_;
  std::vector<std::size_t> arrived_;
  std::size_t ended_ = 0, finished_sinks_ = 0;
  DeviceRun run_;
};

}  // namespace spikeloom

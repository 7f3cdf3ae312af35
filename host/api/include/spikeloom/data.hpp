// Input data: what a network is fed, step by step, from a file or made in memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <spikeloom/export.hpp>

namespace SPIKELOOM_API spikeloom {

/// An element that is not 0 at some step: a spike (1), a graded count, or a real value.
struct Event {
  std::uint32_t element = 0;
  double value = 1;
  friend bool operator==(const Event&, const Event&) = default;
};

/// One input's values over time, sparse: at each step, events in ascending order of element.
class Train {
 public:
  [[nodiscard]] std::size_t steps() const { return begin_.size() - 1; }
  [[nodiscard]] std::span<const Event> at(std::size_t step) const {
    return std::span(events_).subspan(begin_[step], begin_[step + 1] - begin_[step]);
  }
  [[nodiscard]] std::span<const Event> events() const { return events_; }

  /// Appends to the step that is being built; zeros are dropped. Throws Error{kInput} where the element does
  /// not lie above the one before it.
  void add(std::uint32_t element, double value = 1);
  /// Ends the step that is being built.
  void end_step() { begin_.push_back(events_.size()); }
  /// Cuts to `steps`, or appends silent ones. Throws Error{kInput} while a step is being built.
  void resize(std::size_t steps);

  friend bool operator==(const Train&, const Train&) = default;

 private:
  std::vector<std::size_t> begin_{0};
  std::vector<Event> events_;
};

enum class Encoder {
  kRate,        ///< spikes with probability value / full scale, seeded
  kAccumulate,  ///< acc += value; spike and acc -= full scale when acc >= full scale
  kLatency,     ///< one spike; the larger the value, the earlier; none for 0
  kDirect,      ///< the value itself at every step; an input with bit planes takes integers so
};

/// "rate", "accumulate", "latency", "direct".
[[nodiscard]] std::string_view name_of(Encoder encoder);
/// Throws Error{kInput} that lists the names.
[[nodiscard]] Encoder encoder_named(std::string_view name);

/// A place where a network takes data in (or gives it out): a NIR Input's name and shape, without
/// batch and time, row-major, C,H,W. A scalar's shape may be empty.
struct Port {
  std::string name;
  std::vector<std::size_t> shape;
  [[nodiscard]] std::size_t size() const;
};

/// Where a step stands in its sample.
enum class StepPlace : std::uint8_t {
  kWithin,  ///< another one follows
  kLast,    ///< the sample ends with it, and the next step starts from rest
  /// The same, and it is void: it brings no input, moves no neuron and has no outputs. So a sample ends that
  /// needs no further step, in a few cycles.
  kVoid,
};

/// One sample of one recording or image: as many steps for every input.
struct Sample {
  std::string id;  ///< from the file (`ids`, a recording's name), else its index
  std::optional<std::int64_t> label;
  std::vector<Train> inputs;  ///< one per port, in the ports' order
  /// By step, where the file labels every step; a negative one, or a step beyond them, has no label.
  std::vector<std::int64_t> step_labels{};
  /// The last step is void (StepPlace::kVoid), and its inputs are empty. It has no place in outputs.
  bool ends_void = false;
  [[nodiscard]] std::size_t steps() const { return inputs.empty() ? 0 : inputs.front().steps(); }
  /// Without a void one.
  [[nodiscard]] std::size_t full_steps() const { return steps() - (ends_void ? 1 : 0); }
  [[nodiscard]] StepPlace place_of(std::size_t step) const {
    if (step + 1 < steps()) return StepPlace::kWithin;
    return ends_void ? StepPlace::kVoid : StepPlace::kLast;
  }
};

/// Samples that fit the ports they were read for: every element lies below its port's size, no value
/// is 0, NaN or infinite, and every Train of a sample has the same number of steps. What `run` is given is
/// checked again, for anyone can make a Dataset in memory.
struct Dataset {
  std::vector<Port> ports;
  std::vector<Sample> samples;
  std::optional<Encoder> encoder;         ///< what made spikes of values; none where the file held spikes
  std::vector<std::string> notes{};       ///< what was clipped or left out, and what is strange about times
  [[nodiscard]] bool has_labels() const;  ///< every sample has one
  /// Says how many labels are no class of an output of so many neurons, and the first; nothing where all are.
  [[nodiscard]] std::optional<std::string> foreign_labels(std::size_t classes) const;
  [[nodiscard]] bool has_step_labels() const;  ///< a step of a sample has one
  [[nodiscard]] std::size_t total_steps() const;
};

enum class Packing {
  kNone,
  kBits,  ///< the last dimension is packed, eight elements a byte, highest bit first (numpy.packbits)
};

/// Every option overrides what the file itself says.
struct DatasetOptions {
  std::optional<Encoder> encoder{};    ///< for static values
  std::optional<std::size_t> steps{};  ///< encodes so many; cuts or fills with silence what has its own
  std::optional<double> full_scale{};  ///< the value that spikes at every step
  std::uint64_t seed = 1;              ///< of the rate encoder
  std::optional<std::chrono::microseconds>
      frame{};                                    ///< of recordings (default 1 ms) and of event lists in µs
  std::optional<double> dt{};                     ///< seconds a step, for NIRData's event times
  std::optional<std::filesystem::path> labels{};  ///< .npz with `ids` (N,) and `labels` (N,) or (N,T)
  std::optional<std::size_t> limit{};             ///< only the first samples
  Packing packing = Packing::kNone;
  std::optional<std::string> array{};  ///< takes this array for `spikes` (.npz)
  std::optional<double> clip{};        ///< values beyond ±clip become ±clip; `Dataset::notes` counts them
};

/// One format of files that `read_dataset` reads.
struct DataFormat {
  std::string name;                     ///< "AEDAT4"
  std::vector<std::string> extensions;  ///< ".aedat4"
  std::string times;                    ///< what the file counts time in: "us", "s", "steps"
  bool is_recording = false;            ///< one sample a file, and a folder of files is read too
};
/// All of them, in the order in which an extension is looked up (docs/data.md says what each holds).
[[nodiscard]] std::vector<DataFormat> data_formats();

/// Reads any file of `data_formats`, or a folder of recordings, for a network with these inputs. The format
/// is found by the extension, else by the file's first bytes.
///
/// Throws  Error{kInput} that names the file and lists all that does not fit the ports; for an unknown
///         extension it lists the supported ones.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path, std::vector<Port> ports,
                                   const DatasetOptions& options = {});

}  // namespace spikeloom

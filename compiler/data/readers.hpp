// Inside this folder only: one reader a file format, and what they share.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/data/npz.hpp"

namespace spikeloom::readers {

/// A recording longer than this is taken for a mistake in its times.
inline constexpr std::size_t kMostSteps = std::size_t{1} << 24U;

/// Each returns samples that still lack --labels, --steps and --limit, which `read_dataset` applies
/// (a reader may apply a limit early, to read less).
[[nodiscard]] Dataset read_npz(const std::filesystem::path& path, const std::vector<Port>& ports,
                               const DatasetOptions& options);
[[nodiscard]] Dataset read_npy(const std::filesystem::path& path, const std::vector<Port>& ports,
                               const DatasetOptions& options);
[[nodiscard]] Dataset read_event_text(const std::filesystem::path& path, const std::vector<Port>& ports,
                                      const DatasetOptions& options);
/// One recording, or every one of a folder: in the order of their numbers where all names are numbers, else
/// by name.
[[nodiscard]] Dataset read_recordings(const std::filesystem::path& path, const std::vector<Port>& ports,
                                      const DatasetOptions& options);

/// A sample's label, or those of its steps.
struct Labels {
  std::optional<std::int64_t> one;
  std::vector<std::int64_t> by_step;
};
/// Of labels (N,) or (N,T). Throws Error{kInput} where they are no integers.
[[nodiscard]] Labels labels_at(const Array& labels, std::size_t sample);
/// By id, from an .npz with `ids` and `labels`.
[[nodiscard]] std::map<std::string, Labels> read_labels(const std::filesystem::path& path);

/// What is wrong with `shape` as `leading` dimensions before one input's own, or nothing. The own
/// dimensions may be the port's shape (1s ignored) or flattened.
[[nodiscard]] std::optional<std::string> shape_problem(const std::vector<std::size_t>& shape,
                                                       std::size_t leading, const Port& port);

struct TimedEvent {
  std::size_t step = 0;
  std::size_t element = 0;
  double value = 1;
};
/// Bins events given in any order; several of an element at a step add up. As many steps as the last
/// event needs. Throws Error{kInput} for an element that the port does not have.
[[nodiscard]] Train bin(std::vector<TimedEvent> events, const Port& port);

/// Step of every time. Without a frame times are steps (integers >= 0); with one they are
/// microseconds, counted from the first event. Throws Error{kInput}.
[[nodiscard]] std::vector<std::size_t> steps_of(const std::vector<double>& times,
                                                const DatasetOptions& options);

/// A sample of a dense array: (steps, port) values from `at(i)` for i below steps·port.size().
template <class At>
[[nodiscard]] Train dense(std::size_t steps, const Port& port, At at) {
  const std::size_t size = port.size();
  Train train;
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t e = 0; e < size; ++e) {
      const double value = at(t * size + e);
      if (!(value - value == 0)) {
        throw input_error("step " + std::to_string(t) + ", element " + std::to_string(e) +
                          " is not a finite number");
      }
      train.add(static_cast<std::uint32_t>(e), value);
    }
    train.end_step();
  }
  return train;
}

/// The one port of a format that has no names. Throws Error{kInput} when there are several.
[[nodiscard]] const Port& only_port(const std::vector<Port>& ports, const std::string& format);

}  // namespace spikeloom::readers

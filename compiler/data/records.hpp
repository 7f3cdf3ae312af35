// Inside this folder only: events as structured arrays, as Tonic gives them.
#pragma once

#include <string>

#include "compiler/data/recordings.hpp"

namespace spikeloom::readers {

/// Time, column, row and polarity by the names of columns, in files with named columns.
enum class EventColumn { kTime, kColumn, kRow, kPolarity, kIndex, kValue, kUnknown };
/// t, time, timestamp or step; x; y; p or polarity; index, element or neuron; value.
[[nodiscard]] EventColumn event_column(std::string_view name);

/// Events with fields t (microseconds), x, and perhaps y and p (0 or 1; -1 counts as 0), in any order and of
/// any width. Without y the events are of a line of channels, such as a cochlea's: x is the element. Throws
/// Error{kInput} that names the field or the event.
[[nodiscard]] Train train_of(const Records& records, const Port& port, const DatasetOptions& options,
                             TimeFaults& faults, const std::string& name);

}  // namespace spikeloom::readers

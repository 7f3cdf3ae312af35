#include "compiler/data/records.hpp"

#include <array>

namespace spikeloom::readers {
namespace {

struct Fields {
  const Array *t = nullptr, *x = nullptr, *y = nullptr, *polarity = nullptr;
};

Fields fields_in(const Records& records) {
  Fields fields;
  std::string names;
  for (const auto& [name, array] : records) {
    names += (names.empty() ? "" : ", ") + name;
    const EventColumn column = event_column(name);
    if (column == EventColumn::kTime) fields.t = &array;
    if (column == EventColumn::kColumn) fields.x = &array;
    if (column == EventColumn::kRow) fields.y = &array;
    if (column == EventColumn::kPolarity) fields.polarity = &array;
  }
  if (fields.t == nullptr || fields.x == nullptr)
    throw input_error("a structured array with the fields " + (names.empty() ? "none" : names) +
                      "; expected t, x and perhaps y and p");
  return fields;
}

/// An integer from 0 to `most` in a field.
std::uint32_t place(const Array& field, std::size_t at, const char* name, std::int64_t most) {
  const std::int64_t value = field.integer(at);
  if (value < 0 || value > most)
    throw input_error(std::string(name) + " is " + std::to_string(value) + ", expected 0 to " +
                      std::to_string(most));
  return static_cast<std::uint32_t>(value);
}

CameraEvents events_of(const Fields& fields) {
  constexpr std::int64_t kMostPlace = 0x7fffffff;
  CameraEvents events;
  for (std::size_t e = 0; e < fields.t->size(); ++e) {
    try {
      const double time = fields.t->real(e);
      if (!(time - time == 0)) throw input_error("t is not finite");
      const bool is_off = fields.polarity == nullptr || fields.polarity->real(e) == -1;
      events.add(time, place(*fields.x, e, "x", kMostPlace),
                 fields.y == nullptr ? 0 : place(*fields.y, e, "y", kMostPlace),
                 is_off ? std::uint8_t{0} : static_cast<std::uint8_t>(place(*fields.polarity, e, "p", 255)));
    } catch (const Error& error) {
      throw error.within("event " + std::to_string(e));
    }
  }
  return events;
}

/// A line of channels: the input's own shape does not matter, and a polarity that never changes says nothing.
Port line_of(const Port& port, CameraEvents& events) {
  for (const std::uint8_t polarity : events.polarity)
    if (polarity != events.polarity.front())
      throw input_error("events without y have both polarities; expected one, or x, y and p");
  events.polarity.assign(events.polarity.size(), 0);
  return {port.name, {1, 1, port.size()}};
}

}  // namespace

EventColumn event_column(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, EventColumn>, 13> kNames{
      {{"t", EventColumn::kTime},
       {"time", EventColumn::kTime},
       {"timestamp", EventColumn::kTime},
       {"step", EventColumn::kTime},
       {"x", EventColumn::kColumn},
       {"y", EventColumn::kRow},
       {"p", EventColumn::kPolarity},
       {"polarity", EventColumn::kPolarity},
       {"on", EventColumn::kPolarity},
       {"index", EventColumn::kIndex},
       {"element", EventColumn::kIndex},
       {"neuron", EventColumn::kIndex},
       {"value", EventColumn::kValue}}};
  for (const auto& [known, column] : kNames)
    if (known == name) return column;
  return EventColumn::kUnknown;
}

Train train_of(const Records& records, const Port& port, const DatasetOptions& options, TimeFaults& faults,
               const std::string& name) {
  const Fields fields = fields_in(records);
  CameraEvents events = events_of(fields);
  faults.mend(events.times, {}, name);
  return train_of(events, fields.y == nullptr ? line_of(port, events) : port, options);
}

}  // namespace spikeloom::readers

// Event lists as text: a line an event, `t,index[,value]`, or by a heading `x,y,p,t`.
#include <charconv>
#include <string_view>

#include "compiler/base/file.hpp"
#include "compiler/data/records.hpp"

namespace spikeloom::readers {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  constexpr std::string_view kSeparators = ",; \t\r";
  std::vector<std::string_view> fields;
  for (std::size_t at = line.find_first_not_of(kSeparators); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kSeparators, at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kSeparators, end);
  }
  return fields;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Columns {
  std::size_t t = 0;
  std::size_t index = 1;
  std::optional<std::size_t> value;
  std::size_t count = 0;                      ///< 0: not known yet
  std::optional<std::size_t> x, y, polarity;  ///< instead of the index
};

/// From a heading such as `t,index,value` or `x,y,p,t`, in any order.
Columns columns_of(const std::vector<std::string_view>& heading) {
  std::optional<std::size_t> t;
  std::optional<std::size_t> index;
  Columns columns;
  columns.count = heading.size();
  for (std::size_t i = 0; i < heading.size(); ++i) {
    switch (event_column(heading[i])) {
      case EventColumn::kTime:
        t = i;
        break;
      case EventColumn::kIndex:
        index = i;
        break;
      case EventColumn::kValue:
        columns.value = i;
        break;
      case EventColumn::kColumn:
        columns.x = i;
        break;
      case EventColumn::kRow:
        columns.y = i;
        break;
      case EventColumn::kPolarity:
        columns.polarity = i;
        break;
      case EventColumn::kUnknown:
        throw input_error("unknown column '" + std::string(heading[i]) +
                          "', expected t, index and perhaps value, or t, x, y and perhaps p and value");
    }
  }
  const bool by_place = columns.x && columns.y;
  if (columns.x.has_value() != columns.y.has_value() || (columns.polarity && !by_place) ||
      (by_place && index))
    throw input_error(
        "the heading has columns of places (x, y, p) besides or without others of them; "
        "expected t, index and perhaps value, or t, x, y and perhaps p and value");
  if (!t || (!index && !by_place)) throw input_error("the heading lacks the column t or index");
  columns.t = *t;
  columns.index = index.value_or(0);
  return columns;
}

/// A whole number from 0 to below 2^32.
std::size_t whole(std::string_view field, const char* what) {
  const auto value = number(field);
  if (!value || !(*value >= 0) || *value >= 0x1p32 ||
      *value != static_cast<double>(static_cast<std::size_t>(*value)))
    throw input_error(std::string("the ") + what + " must be an integer from 0, found '" +
                      std::string(field) + "'");
  return static_cast<std::size_t>(*value);
}

/// Of column x, row y and polarity 0 or 1 (or -1 or 1) in a port (C, H, W).
std::size_t element_at(const Columns& columns, const std::vector<std::string_view>& fields,
                       const Port& port) {
  if (port.shape.size() != 3)
    throw input_error("x and y are a place, but input '" + port.name + "' has shape " +
                      print_shape(port.shape) + "; expected (C, H, W)");
  const std::size_t x = whole(fields[*columns.x], "column x"), y = whole(fields[*columns.y], "row y");
  const bool off = !columns.polarity || fields[*columns.polarity] == "-1";
  const std::size_t polarity = off ? 0 : whole(fields[*columns.polarity], "polarity");
  if (polarity >= port.shape[0] || y >= port.shape[1] || x >= port.shape[2])
    throw input_error("channel " + std::to_string(polarity) + ", row " + std::to_string(y) + ", column " +
                      std::to_string(x) + " is outside input '" + port.name + "' of shape " +
                      print_shape(port.shape) + " (C, H, W)");
  return (polarity * port.shape[1] + y) * port.shape[2] + x;
}

Train parse(std::string_view text, const Port& port, const DatasetOptions& options, TimeFaults& faults,
            const std::string& file) {
  Columns columns;
  std::vector<double> times;
  std::vector<TimedEvent> events;
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.empty()) continue;
    try {
      if (columns.count == 0) {
        if (!number(fields[0])) {
          columns = columns_of(fields);
          continue;
        }
        columns.count = fields.size();
        if (fields.size() == 3) columns.value = 2;
        if (fields.size() < 2 || fields.size() > 3) throw input_error("expected t,index or t,index,value");
      }
      if (fields.size() != columns.count) {
        throw input_error("expected " + std::to_string(columns.count) + " fields as before, found " +
                          std::to_string(fields.size()));
      }
      const auto t = number(fields[columns.t]);
      const bool by_place = columns.x.has_value();
      const auto index = by_place ? std::optional<double>(0) : number(fields[columns.index]);
      const auto value = columns.value ? number(fields[*columns.value]) : std::optional<double>(1);
      if (!t || !index || !value) throw input_error("expected numbers, found '" + std::string(line) + "'");
      const std::size_t element =
          by_place ? element_at(columns, fields, port) : whole(fields[columns.index], "index");
      times.push_back(*t);
      events.push_back({0, element, *value});
    } catch (const Error& error) {
      throw error.within("line " + std::to_string(line_number));
    }
  }
  faults.mend(times, {}, file);
  const std::vector<std::size_t> steps = steps_of(times, options);
  for (std::size_t i = 0; i < steps.size(); ++i) events[i].step = steps[i];
  return bin(std::move(events), port);
}

}  // namespace

Dataset read_event_text(const std::filesystem::path& path, const std::vector<Port>& ports,
                        const DatasetOptions& options) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  Dataset data;
  data.samples.push_back({.id = path.stem().string(), .label = std::nullopt, .inputs = {}});
  try {
    const Port& port = only_port(ports, "an event list");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    TimeFaults faults;
    data.samples.front().inputs.push_back(parse(text, port, options, faults, path.filename().string()));
    data.notes = faults.notes();
  } catch (const Error& error) {
    throw error.within(path.string());
  }
  return data;
}

}  // namespace spikeloom::readers

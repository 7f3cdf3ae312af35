#include "compiler/golden/int_network_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compiler/base/error.hpp"
#include "compiler/base/json_keys.hpp"
#include "compiler/base/text.hpp"
#include "compiler/golden/check.hpp"

namespace spikeloom {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "spikeloom-integer-network";
constexpr std::int64_t kVersion = 2;  ///< 1 had no maps but rows
constexpr std::int64_t kLowestWeight = -128;
constexpr std::int64_t kHighestWeight = 127;
constexpr std::size_t kMostElements = std::size_t{1} << 24U;  ///< of one input or population in a file

/// Names come from files of others and may hold broken UTF-8.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// One JSON object and its place in the file. Every reader takes a key, adds a problem when it is
/// not what it should be and then gives a value that does no harm.
class Fields {
 public:
  Fields(const Json& object, std::string place, Problems& problems)
      : object_(object), place_(std::move(place)), problems_(problems) {
    if (!object_.is_object()) wrong("expected an object");
  }

  void wrong(const std::string& text) const { problems_.add(place_ + ": " + text); }
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] Problems& problems() const { return problems_; }

  [[nodiscard]] const Json* find(const std::string& key) {
    known_.insert(key);
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(key);
    return it == object_.end() ? nullptr : &*it;
  }
  [[nodiscard]] const Json* need(const std::string& key) {
    const Json* value = find(key);
    if (value == nullptr && object_.is_object()) wrong("'" + key + "' is missing");
    return value;
  }
  [[nodiscard]] std::string text(const std::string& key) {
    const Json* value = need(key);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      wrong("'" + key + "': expected a string");
      return {};
    }
    std::string found = value->get<std::string>();
    // A NUL would end the name in one place and not in another; the others are for terminals.
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(found.begin(), found.end(), is_control))
      wrong("'" + key + "': expected a text without control characters");
    return found;
  }
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high,
                                     std::optional<std::int64_t> absent = {}) {
    const Json* value = absent ? find(key) : need(key);
    if (value == nullptr) return absent.value_or(low);
    return integer_value(*value, "'" + key + "'", low, high).value_or(absent.value_or(low));
  }
  [[nodiscard]] double real(const std::string& key, double absent) {
    const Json* value = find(key);
    if (value == nullptr) return absent;
    if (value->is_number()) return value->get<double>();
    wrong("'" + key + "': expected a number");
    return absent;
  }
  [[nodiscard]] bool truth(const std::string& key) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    if (value->is_boolean()) return value->get<bool>();
    wrong("'" + key + "': expected true or false");
    return false;
  }
  [[nodiscard]] const Json& list(const std::string& key) {
    static const Json kNothing = Json::array();
    const Json* value = need(key);
    if (value == nullptr) return kNothing;
    if (value->is_array()) return *value;
    wrong("'" + key + "': expected a list");
    return kNothing;
  }
  [[nodiscard]] Shape shape(const std::string& key) {
    Shape result;
    std::size_t product = 1;
    for (const Json& side : list(key)) {
      const auto value = integer_value(side, "'" + key + "'", 1, static_cast<std::int64_t>(kMostElements));
      if (!value) return {};
      result.push_back(static_cast<std::size_t>(*value));
      product *= result.back();
      if (product > kMostElements) {
        wrong("'" + key + "': more than " + std::to_string(kMostElements) + " elements");
        return {};
      }
    }
    return result;
  }
  /// A scalar stands for `size` equal entries.
  [[nodiscard]] std::vector<std::int32_t> integers(const std::string& key, std::size_t size) {
    constexpr std::int64_t kLow = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t kHigh = std::numeric_limits<std::int32_t>::max();
    const Json* value = need(key);
    if (value == nullptr) return std::vector<std::int32_t>(size, 0);
    const std::string name = "'" + key + "'";
    if (!value->is_array()) {
      return std::vector<std::int32_t>(
          size, static_cast<std::int32_t>(integer_value(*value, name, kLow, kHigh).value_or(0)));
    }
    std::vector<std::int32_t> result;
    for (const Json& entry : *value) {
      const auto number = integer_value(entry, name, kLow, kHigh);
      if (!number) return std::vector<std::int32_t>(size, 0);
      result.push_back(static_cast<std::int32_t>(*number));
    }
    if (result.size() != size) {
      wrong(name + ": expected one number or a list of " + std::to_string(size) + ", found " +
            std::to_string(result.size()));
      result.resize(size, 0);
    }
    return result;
  }
  [[nodiscard]] std::optional<std::int64_t> integer_value(const Json& value, const std::string& name,
                                                          std::int64_t low, std::int64_t high) const {
    const bool fits =
        value.is_number_integer() &&
        (!value.is_number_unsigned() ||
         value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (fits && value.get<std::int64_t>() >= low && value.get<std::int64_t>() <= high)
      return value.get<std::int64_t>();
    wrong(name + ": expected an integer of " + std::to_string(low) + " to " + std::to_string(high) +
          ", found " + value.dump());
    return std::nullopt;
  }
  /// To be called last: a misspelt key must not pass in silence.
  void nothing_else() const {
    if (!object_.is_object()) return;
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) wrong("unknown key '" + key + "'");
    }
  }

 private:
  const Json& object_;
  std::string place_;
  Problems& problems_;
  std::set<std::string> known_;
};

std::string place_of(const char* word, std::size_t index, const Json& object) {
  const auto name = object.is_object() ? object.find("name") : object.end();
  if (object.is_object() && name != object.end() && name->is_string())
    return std::string(word) + " '" + printable(name->get<std::string>()) + "'";
  return std::string(word) + " " + std::to_string(index);
}

template <class Things>
std::optional<std::size_t> index_of(const Things& things, const std::string& name) {
  const auto it =
      std::find_if(things.begin(), things.end(), [&](const auto& thing) { return thing.name == name; });
  if (it == things.end()) return std::nullopt;
  return static_cast<std::size_t>(it - things.begin());
}

IntInput parse_input(Fields fields) {
  IntInput input;
  input.name = fields.text("name");
  input.shape = fields.shape("shape");
  input.planes = static_cast<std::uint32_t>(fields.integer("planes", 1, kMaxPlanes, 1));
  input.is_signed = fields.truth("signed");
  input.unit = fields.real("unit", 1);
  input.is_static = fields.truth("static");
  fields.nothing_else();
  return input;
}

NeuronKind parse_kind(Fields& fields) {
  const std::string text = fields.text("kind");
  if (const std::optional<NeuronKind> kind = neuron_kind(text)) return *kind;
  if (!text.empty()) fields.wrong("'kind': expected " + neuron_kind_names() + ", found '" + text + "'");
  return NeuronKind::kLif;
}

Reset parse_reset(Fields& fields) {
  const std::string text = fields.text("reset");
  if (text == "subtract") return Reset::kSubtract;
  if (!text.empty() && text != "value")
    fields.wrong("'reset': expected value or subtract, found '" + text + "'");
  return Reset::kToValue;
}

/// Shared neurons: `others` are the populations that stand before it.
void parse_membranes(Fields& fields, const IntNetwork& others, IntPopulation& population) {
  population.share =
      static_cast<std::uint32_t>(fields.integer("share", 1, static_cast<std::int64_t>(kMostElements), 1));
  if (fields.find("membranes") == nullptr) return;
  const std::string name = fields.text("membranes");
  if (const auto owner = index_of(others.populations, name))
    population.membranes_of = PopulationId(*owner);
  else if (!name.empty())
    fields.wrong("'membranes': no population before it is called '" + name + "'");
}

IntPopulation parse_population(Fields fields, const IntNetwork& others) {
  IntPopulation population;
  population.name = fields.text("name");
  population.kind = parse_kind(fields);
  population.shape = fields.shape("shape");
  const std::size_t size = volume(population.shape);
  population.scale = static_cast<std::uint32_t>(fields.integer("scale", 0, kMaxScale, 0));
  if (!population.is_readout()) population.reset = parse_reset(fields);
  for (const IntParameter& parameter : kIntParameters) {
    if (!has(population, parameter)) continue;
    // Files that were written before the two differed subtract theta.
    const bool is_theta = parameter.values == &IntPopulation::v_reset &&
                          population.reset == Reset::kSubtract && fields.find(parameter.name) == nullptr;
    population.*parameter.values = is_theta ? population.theta : fields.integers(parameter.name, size);
  }
  population.unit = fields.real("unit", 1);
  const Json* relative = fields.find("relative_unit");
  if (relative != nullptr &&
      (!relative->is_array() ||
       std::any_of(relative->begin(), relative->end(), [](const Json& x) { return !x.is_number(); }))) {
    fields.wrong("'relative_unit': expected a list of numbers");
  } else if (relative != nullptr) {
    population.relative_unit = relative->get<std::vector<double>>();
  }
  if (fields.find("origin") != nullptr) population.origin = fields.integers("origin", size);
  parse_membranes(fields, others, population);
  fields.nothing_else();
  return population;
}

/// The one key of {"input": name} or {"population": name}.
std::optional<Source> parse_source(Fields& fields, const IntNetwork& network) {
  const Json* value = fields.need("from");
  if (value == nullptr) return std::nullopt;
  if (value->is_object() && value->size() == 1 && value->front().is_string()) {
    const std::string word = value->begin().key();
    const std::string name = value->front().get<std::string>();
    if (word == "input") {
      if (const auto index = index_of(network.inputs, name)) return Source(InputId(*index));
      fields.wrong("'from': no input is called '" + name + "'");
      return std::nullopt;
    }
    if (word == "population") {
      if (const auto index = index_of(network.populations, name)) return Source(PopulationId(*index));
      fields.wrong("'from': no population is called '" + name + "'");
      return std::nullopt;
    }
  }
  fields.wrong("'from': expected {\"input\": name} or {\"population\": name}");
  return std::nullopt;
}

std::optional<PopulationId> parse_population_name(Fields& fields, const std::string& key,
                                                  const IntNetwork& network) {
  const std::string name = fields.text(key);
  if (name.empty()) return std::nullopt;
  if (const auto index = index_of(network.populations, name)) return PopulationId(*index);
  fields.wrong("'" + key + "': no population is called '" + name + "'");
  return std::nullopt;
}

/// Appends one row; false (with a problem) when it cannot be read.
bool parse_row(const Json& row, Fields& fields, std::size_t index, SparseMap& rows,
               std::vector<std::int16_t>& weights) {
  const std::string name = "row " + std::to_string(index);
  const auto append = [&](const Json& weight, std::int64_t target) {
    const auto w = fields.integer_value(weight, name, kLowestWeight, kHighestWeight);
    if (!w) return false;
    if (*w != 0) {
      rows.target.push_back(static_cast<std::uint32_t>(target));
      weights.push_back(static_cast<std::int16_t>(*w));
    }
    return true;
  };
  const std::size_t targets = rows.targets;
  if (row.is_array()) {
    if (row.size() != targets) {
      fields.wrong(name + ": expected " + std::to_string(targets) + " weights, found " +
                   std::to_string(row.size()));
      return false;
    }
    for (std::size_t j = 0; j < targets; ++j) {
      if (!append(row[j], static_cast<std::int64_t>(j))) return false;
    }
    return true;
  }
  const bool sparse = row.is_object() && row.size() == 2 && row.contains("targets") &&
                      row.contains("weights") && row["targets"].is_array() && row["weights"].is_array() &&
                      row["targets"].size() == row["weights"].size();
  if (!sparse) {
    fields.wrong(name +
                 ": expected a list of weights, or {\"targets\": […], \"weights\": […]} of equal length");
    return false;
  }
  for (std::size_t k = 0; k < row["targets"].size(); ++k) {
    const auto target =
        fields.integer_value(row["targets"][k], name, 0, static_cast<std::int64_t>(targets) - 1);
    if (!target || !append(row["weights"][k], *target)) return false;
  }
  return true;
}

std::uint32_t parse_extent(Fields& fields, const char* key, std::int64_t low = 1) {
  return static_cast<std::uint32_t>(fields.integer(key, low, static_cast<std::int64_t>(kMostElements)));
}

/// Height and width.
std::array<std::uint32_t, 2> parse_extents(Fields& fields, const char* key, std::int64_t low = 1) {
  std::array<std::uint32_t, 2> result{1, 1};
  const Json& list = fields.list(key);
  if (list.size() != result.size()) fields.wrong(std::string("'") + key + "': expected two numbers");
  for (std::size_t d = 0; d < result.size() && d < list.size(); ++d)
    result[d] = static_cast<std::uint32_t>(fields
                                               .integer_value(list[d], std::string("'") + key + "'", low,
                                                              static_cast<std::int64_t>(kMostElements))
                                               .value_or(1));
  return result;
}

std::optional<MapLeaf> parse_leaf(Fields fields) {
  const std::string form = fields.text("form");
  std::optional<MapLeaf> leaf;
  if (form == name_of(DenseMap{})) {
    DenseMap dense;
    dense.sources = parse_extent(fields, "sources");
    dense.targets = parse_extent(fields, "targets");
    leaf = dense;
  } else if (form == name_of(DiagonalMap{})) {
    DiagonalMap diagonal;
    diagonal.size = parse_extent(fields, "size");
    diagonal.run = parse_extent(fields, "run");
    leaf = diagonal;
  } else if (form == name_of(WindowMap{})) {
    WindowMap window;
    window.inputs = parse_extent(fields, "inputs");
    window.outputs = parse_extent(fields, "outputs");
    window.groups = parse_extent(fields, "groups");
    window.in = parse_extents(fields, "in");
    window.out = parse_extents(fields, "out");
    window.kernel = parse_extents(fields, "kernel");
    window.stride = parse_extents(fields, "stride");
    window.dilation = parse_extents(fields, "dilation");
    window.before = parse_extents(fields, "before", 0);
    leaf = window;
  } else if (!form.empty()) {
    fields.wrong("'form': expected dense, diagonal or window, found '" + form + "'");
  }
  fields.nothing_else();
  return leaf;
}

/// Weights that a form of these extents has, as far as they can be multiplied without harm.
double weights_of(const MapLeaf& leaf) {
  const auto real = [](std::uint32_t x) { return static_cast<double>(x); };
  if (const auto* dense = std::get_if<DenseMap>(&leaf)) return real(dense->sources) * real(dense->targets);
  if (const auto* diagonal = std::get_if<DiagonalMap>(&leaf)) return real(diagonal->size / diagonal->run);
  const auto& window = std::get<WindowMap>(leaf);
  return real(window.outputs) * real(window.inner()) * real(window.kernel[0]) * real(window.kernel[1]);
}

/// False (with a problem) when it cannot be read. Empty where the file has none.
bool parse_gather(Fields& fields, std::vector<std::uint32_t>& gather) {
  const Json* list = fields.find("gather");
  if (list == nullptr) return true;
  if (!list->is_array()) {
    fields.wrong("'gather': expected a list");
    return false;
  }
  for (const Json& entry : *list) {
    const auto element =
        fields.integer_value(entry, "'gather'", -1, static_cast<std::int64_t>(kMostElements) - 1);
    if (!element) return false;
    gather.push_back(*element < 0 ? kNowhere : static_cast<std::uint32_t>(*element));
  }
  return true;
}

/// The map as "rows" of weights, or as "map" and "weights"; false (with a problem) when it cannot be read.
bool parse_map(Fields& fields, std::size_t targets, IntProjection& projection) {
  std::vector<std::uint32_t> gather;
  if (!parse_gather(fields, gather)) return false;
  MapLeaf leaf;
  if (const Json* map = fields.find("map")) {
    const Json& weights = fields.list("weights");
    const auto read = parse_leaf(Fields(*map, fields.place() + ": map", fields.problems()));
    if (!read) return false;
    if (weights_of(*read) != static_cast<double>(weights.size())) {
      fields.wrong("'weights': the map has " + std::to_string(static_cast<std::uint64_t>(weights_of(*read))) +
                   ", found " + std::to_string(weights.size()));
      return false;
    }
    for (const Json& entry : weights) {
      const auto w = fields.integer_value(entry, "'weights'", kLowestWeight, kHighestWeight);
      if (!w) return false;
      projection.weight.push_back(static_cast<std::int16_t>(*w));
    }
    leaf = *read;
  } else {
    const Json& list = fields.list("rows");
    SparseMap rows{static_cast<std::uint32_t>(targets), {0}, {}};
    for (std::size_t s = 0; s < list.size(); ++s) {
      if (!parse_row(list[s], fields, s, rows, projection.weight)) return false;
      rows.end_row();
    }
    leaf = std::move(rows);
  }
  if (const auto problem = MapForm::problem(leaf, gather)) {
    fields.wrong("its map: " + *problem);
    return false;
  }
  projection.form = MapForm(std::move(leaf), std::move(gather));
  return true;
}

std::optional<IntProjection> parse_projection(Fields fields, const IntNetwork& network) {
  IntProjection projection;
  projection.name = fields.text("name");
  const auto from = parse_source(fields, network);
  const auto to = parse_population_name(fields, "to", network);
  projection.delay = static_cast<std::uint32_t>(fields.integer("delay", 0, kMaxDelay, 0));
  projection.bits = static_cast<std::uint32_t>(fields.integer("bits", 1, 8, 8));
  projection.shift = static_cast<std::uint32_t>(fields.integer("shift", 0, kMaxShift, 0));
  const bool read = parse_map(fields, to ? network.populations[to->index()].size() : 0, projection);
  fields.nothing_else();
  if (!from || !to || !read) return std::nullopt;
  projection.from = *from;
  projection.to = *to;
  return projection;
}

std::optional<Output> parse_output(Fields fields, const IntNetwork& network) {
  Output output;
  output.name = fields.text("name");
  output.shape = fields.shape("shape");
  const auto from = parse_population_name(fields, "from", network);
  fields.nothing_else();
  if (!from) return std::nullopt;
  output.from = *from;
  return output;
}

IntNetwork parse_file(const Json& json, Problems& problems) {
  IntNetwork network;
  Fields file(json, "file", problems);
  if (!json.is_object()) return network;
  const std::string format = file.text("format");
  if (format != kFormat)
    file.wrong(std::string("'format': expected ") + kFormat + ", found '" + format + "'");
  const std::int64_t version = file.integer("version", 1, std::numeric_limits<std::int32_t>::max());
  if (version > kVersion)
    file.wrong("'version': this program reads versions 1 and 2, found " + std::to_string(version));
  if (!problems.empty()) return network;
  network.name = file.text("name");
  network.state_bits =
      static_cast<std::uint32_t>(file.integer("state_bits", kMinStateBits, kMaxStateBits, 24));
  const auto each = [&](const char* key, const char* word, const auto& take) {
    const Json& list = file.list(key);
    for (std::size_t n = 0; n < list.size(); ++n) take(Fields(list[n], place_of(word, n, list[n]), problems));
  };
  each("inputs", "input", [&](Fields fields) { network.inputs.push_back(parse_input(std::move(fields))); });
  each("populations", "population",
       [&](Fields fields) { network.populations.push_back(parse_population(std::move(fields), network)); });
  each("projections", "projection", [&](Fields fields) {
    if (auto projection = parse_projection(std::move(fields), network))
      network.projections.push_back(std::move(*projection));
  });
  each("outputs", "output", [&](Fields fields) {
    if (auto output = parse_output(std::move(fields), network)) network.outputs.push_back(std::move(*output));
  });
  file.nothing_else();
  for (const char* key : {"inputs", "populations", "outputs"})
    if (file.list(key).empty()) file.wrong("'" + std::string(key) + "': expected at least one, found none");
  return network;
}

Json compact(const std::vector<std::int32_t>& values) {
  const bool uniform = !values.empty() && std::all_of(values.begin(), values.end(),
                                                      [&](std::int32_t x) { return x == values.front(); });
  if (uniform) return values.front();
  return values;
}

Json describe(const IntPopulation& population, const IntNetwork& network) {
  Json json;
  json["name"] = population.name;
  json["kind"] = to_string(population.kind);
  json["shape"] = population.shape;
  json["scale"] = population.scale;
  const auto put = [&](bool of_readouts) {
    for (const IntParameter& parameter : kIntParameters) {
      if ((parameter.use == IntParameter::Use::kAlways) == of_readouts)
        json[parameter.name] = compact(population.*parameter.values);
    }
  };
  put(true);
  if (!population.is_readout()) {
    json["reset"] = population.reset == Reset::kSubtract ? "subtract" : "value";
    put(false);
  }
  json["unit"] = population.unit;
  if (!population.relative_unit.empty()) json["relative_unit"] = population.relative_unit;
  if (!population.origin.empty()) json["origin"] = compact(population.origin);
  if (population.share != 1) json["share"] = population.share;
  if (population.membranes_of) json["membranes"] = network.populations[population.membranes_of->index()].name;
  return json;
}

/// A full row as the list of its weights, any other by its targets.
std::string print_row(const SparseMap& rows, const std::vector<std::int16_t>& weight, std::size_t s) {
  const auto begin = static_cast<std::ptrdiff_t>(rows.begin[s]);
  const auto end = static_cast<std::ptrdiff_t>(rows.begin[s + 1]);
  const std::vector<std::int16_t> weights(weight.begin() + begin, weight.begin() + end);
  if (weights.size() == rows.targets) return Json(weights).dump();
  Json row;
  row["targets"] = std::vector<std::uint32_t>(rows.target.begin() + begin, rows.target.begin() + end);
  row["weights"] = weights;
  return dump(row);
}

struct DescribeLeaf {
  Json& json;
  void operator()(const SparseMap&) const {}
  void operator()(const DenseMap& m) const {
    json["sources"] = m.sources;
    json["targets"] = m.targets;
  }
  void operator()(const DiagonalMap& m) const {
    json["size"] = m.size;
    json["run"] = m.run;
  }
  void operator()(const WindowMap& m) const {
    json["inputs"] = m.inputs;
    json["outputs"] = m.outputs;
    json["groups"] = m.groups;
    json["in"] = m.in;
    json["out"] = m.out;
    json["kernel"] = m.kernel;
    json["stride"] = m.stride;
    json["dilation"] = m.dilation;
    json["before"] = m.before;
  }
};

std::string print_projection(const IntNetwork& network, const IntProjection& projection) {
  Json head;
  head["name"] = projection.name;
  head["from"][std::holds_alternative<InputId>(projection.from) ? "input" : "population"] =
      source_name(network, projection.from);
  head["to"] = network.populations[projection.to.index()].name;
  head["delay"] = projection.delay;
  head["bits"] = projection.bits;
  head["shift"] = projection.shift;
  if (!projection.form.gather().empty()) {
    std::vector<std::int64_t> gather;
    for (const std::uint32_t element : projection.form.gather())
      gather.push_back(element == kNowhere ? -1 : std::int64_t{element});
    head["gather"] = std::move(gather);
  }
  const auto* rows = projection.form.as<SparseMap>();
  if (rows == nullptr) {
    Json& map = head["map"];
    map["form"] = name_of(projection.form.leaf());
    std::visit(DescribeLeaf{map}, projection.form.leaf());
  }
  std::string text = dump(head);
  text.back() = ',';
  if (rows == nullptr) return text + "\n  \"weights\":" + Json(projection.weight).dump() + "}";
  text += "\n  \"rows\":[";
  for (std::size_t s = 0; s + 1 < rows->begin.size(); ++s)
    text += (s == 0 ? "\n   " : ",\n   ") + print_row(*rows, projection.weight, s);
  return text + "]}";
}

template <class Things, class Print>
std::string print_list(const char* key, const Things& things, const Print& print) {
  std::string text = std::string(",\n\"") + key + "\":[";
  for (std::size_t n = 0; n < things.size(); ++n) text += (n == 0 ? "\n  " : ",\n  ") + print(things[n]);
  return text + "]";
}

}  // namespace

IntNetwork parse_int_network(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw input_error("integer network: is empty, expected JSON");
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    throw input_error(std::string("integer network: this is not JSON: ") + error.what());
  }
  if (const std::optional<std::string> key = repeated_json_key(text))
    throw input_error("integer network: an object has the key '" + printable(*key) +
                      "' twice; which of the two is meant?");
  Problems problems;
  IntNetwork network = parse_file(json, problems);
  if (problems.empty()) problems = check(network);
  problems.throw_if_any("integer network");
  return network;
}

std::string print_int_network(const IntNetwork& network) {
  Json head;
  head["format"] = kFormat;
  head["version"] = kVersion;
  head["name"] = network.name;
  head["state_bits"] = network.state_bits;
  std::string text = dump(head);
  text.pop_back();
  text += print_list("inputs", network.inputs, [](const IntInput& input) {
    Json json;
    json["name"] = input.name;
    json["shape"] = input.shape;
    json["planes"] = input.planes;
    json["signed"] = input.is_signed;
    if (input.is_static) json["static"] = true;
    json["unit"] = input.unit;
    return dump(json);
  });
  text += print_list("populations", network.populations,
                     [&](const IntPopulation& population) { return dump(describe(population, network)); });
  text += print_list("projections", network.projections,
                     [&](const IntProjection& projection) { return print_projection(network, projection); });
  text += print_list("outputs", network.outputs, [&](const Output& output) {
    Json json;
    json["name"] = output.name;
    json["shape"] = output.shape;
    json["from"] = network.populations[output.from.index()].name;
    return dump(json);
  });
  return text + "}\n";
}

IntNetwork read_int_network(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(path + ": cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) throw input_error(path + ": cannot be read");
  try {
    return parse_int_network(text);
  } catch (const Error& error) {
    throw error.within(path);
  }
}

void write_int_network(const IntNetwork& network, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << print_int_network(network);
  file.close();
  if (!file) throw input_error(path + ": cannot be written");
}

}  // namespace spikeloom

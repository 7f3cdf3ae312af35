#include "compiler/flow/recorded_options.hpp"

#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/flow/compile.hpp"
#include "compiler/model/framework.hpp"

namespace spikeloom {
namespace {

using Json = nlohmann::ordered_json;

/// The recorded options, listed once for writing and for reading: a visitor gets each by its name. Choices
/// are numbers below a limit.
template <class Visitor, class Options>
void visit_options(Visitor& v, Options& o) {
  v.choice("framework", o.semantics.framework, framework_names().size());
  v.value("dt", o.semantics.dt);
  v.choice("reset", o.semantics.reset, 4);
  v.choice("fire", o.semantics.fire, 2);
  v.choice("start", o.semantics.start, 3);
  v.choice("integrator", o.semantics.integrator, 3);
  v.value("input_delay", o.semantics.input_delay);
  v.value("recurrent_delay", o.semantics.recurrent_delay);
  v.value("weight_bits", o.weight_bits);
  v.choice("rounding", o.rounding, 2);
  v.value("planes", o.planes);
  v.value("signed", o.signed_inputs);
  v.value("share", o.share);
  v.value("static_inputs", o.static_inputs);
  v.value("exit_readout", o.exit_readout);
  v.value("calibrate_weights", o.calibrate_weights);
  v.choice("encoder", o.calibration_data.encoder, 4);
  v.value("steps", o.calibration_data.steps);
  v.value("full_scale", o.calibration_data.full_scale);
  v.value("encoder_seed", o.calibration_data.seed);
  v.frame("frame_us", o.calibration_data.frame);
  v.value("data_dt", o.calibration_data.dt);
  v.path("labels", o.calibration_data.labels);
  v.value("limit", o.calibration_data.limit);
  v.choice("packing", o.calibration_data.packing, 2);
  v.value("array", o.calibration_data.array);
  v.value("clip", o.calibration_data.clip);
  // In which parts sums are taken (compiler/flow/parts.hpp), and what decides that none are.
  v.value("seed", o.seed);
  v.choice("partition", o.partition, 3);
  v.value("max_neurons", o.max_neurons);
  v.value("clusters", o.clusters);
  v.value("kinds", o.kinds);
  v.value("tiles", o.tiles);
  v.choice("pools", o.pools, 2);
  v.value("record", o.record);
  v.value("parts", o.parts);
}

/// What is absent or has its default stands in the record all the same, so that defaults may change.
class Recorder {
 public:
  template <class T>
  void value(const char* name, const T& value) {
    json[name] = value;
  }
  template <class T>
  void value(const char* name, const std::optional<T>& value) {
    json[name] = value ? Json(*value) : Json(nullptr);
  }
  template <class T>
  void choice(const char* name, const T& value, std::size_t) {
    json[name] = static_cast<int>(value);
  }
  template <class T>
  void choice(const char* name, const std::optional<T>& value, std::size_t) {
    json[name] = value ? Json(static_cast<int>(*value)) : Json(nullptr);
  }
  void frame(const char* name, const std::optional<std::chrono::microseconds>& value) {
    json[name] = value ? Json(value->count()) : Json(nullptr);
  }
  void path(const char* name, const std::optional<std::filesystem::path>& value) {
    json[name] = value ? Json(value->string()) : Json(nullptr);
  }
  Json json = Json::object();
};

class Recalled {
 public:
  explicit Recalled(const Json& json) : json_(json) {}

  template <class T>
  void value(const char* name, T& value) {
    value = number<T>(name, at(name));
  }
  template <class T>
  void value(const char* name, std::optional<T>& value) {
    const Json& json = at(name);
    value.reset();
    if (!json.is_null()) value = number<T>(name, json);
  }
  void value(const char* name, std::vector<std::string>& value) {
    const Json& json = at(name);
    if (!json.is_array()) malformed(name);
    value.clear();
    for (const Json& one : json) value.push_back(number<std::string>(name, one));
  }
  template <class T>
  void value(const char* name, std::map<std::string, T>& value) {
    const Json& json = at(name);
    if (!json.is_object()) malformed(name);
    value.clear();
    for (const auto& [key, one] : json.items()) value.emplace(key, number<T>(name, one));
  }
  template <class T>
  void choice(const char* name, T& value, std::size_t limit) {
    const auto chosen = number<std::size_t>(name, at(name));
    if (chosen >= limit) malformed(name);
    value = static_cast<T>(chosen);
  }
  template <class T>
  void choice(const char* name, std::optional<T>& value, std::size_t limit) {
    value.reset();
    if (at(name).is_null()) return;
    choice(name, value.emplace(), limit);
  }
  void frame(const char* name, std::optional<std::chrono::microseconds>& value) {
    std::optional<std::uint64_t> count;
    this->value(name, count);
    value.reset();
    if (count) value = std::chrono::microseconds(static_cast<std::int64_t>(*count));
  }
  void path(const char* name, std::optional<std::filesystem::path>& value) {
    std::optional<std::string> text;
    this->value(name, text);
    value.reset();
    if (text) value = *text;
  }

 private:
  [[noreturn]] static void malformed(const char* name) {
    throw input_error("the image does not record the options of its numbers as this program does (" +
                      std::string(name) + "); compile it again");
  }
  [[nodiscard]] const Json& at(const char* name) const {
    if (!json_.contains(name)) malformed(name);
    return json_[name];
  }
  template <class T>
  static T number(const char* name, const Json& json) {
    if constexpr (std::same_as<T, bool>) {
      if (!json.is_boolean()) malformed(name);
    } else if constexpr (std::integral<T>) {
      if (!json.is_number_unsigned() || json.get<std::uint64_t>() > std::numeric_limits<T>::max())
        malformed(name);
    } else if constexpr (std::floating_point<T>) {
      if (!json.is_number()) malformed(name);
    } else {
      if (!json.is_string()) malformed(name);
    }
    return json.get<T>();
  }

  const Json& json_;
};

}  // namespace

std::string recorded_options(const CompileOptions& options) {
  Recorder recorder;
  visit_options(recorder, options);
  recorder.json["calibrated"] = options.calibrate.has_value();
  return recorder.json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Recompiled recompiled_numbers(const std::string& path, const Chip& chip, const std::string& metadata,
                              const std::optional<std::string>& calibrate, const Semantics& stated) {
  const Json made = Json::parse(metadata, nullptr, false);
  if (!made.is_object() || !made.contains("options") || !made["options"].is_object())
    throw input_error("the image does not record the options that its numbers came from; compile it again");
  const Json& recorded = made["options"];
  CompileOptions options;
  Recalled recalled(recorded);
  visit_options(recalled, options);
  const bool integers = std::filesystem::path(path).extension() == ".json";
  const bool calibrated = !integers && options.calibrate_weights && recorded.contains("calibrated") &&
                          recorded["calibrated"].is_boolean() && recorded["calibrated"].get<bool>();
  if (calibrated && !calibrate)
    throw input_error(path +
                      ": the image's numbers were chosen with calibration data; name them (--calibrate)");
  if (!calibrated && calibrate)
    throw input_error("--calibrate " + *calibrate +
                      ": the image's numbers were chosen without calibration data; leave it out");
  options.calibrate = calibrate;
  const auto state = [](auto& option, const auto& one) {
    if (one) option = one;
  };
  Semantics& semantics = options.semantics;
  state(semantics.framework, stated.framework);
  state(semantics.dt, stated.dt);
  state(semantics.reset, stated.reset);
  state(semantics.fire, stated.fire);
  state(semantics.start, stated.start);
  state(semantics.integrator, stated.integrator);
  state(semantics.input_delay, stated.input_delay);
  state(semantics.recurrent_delay, stated.recurrent_delay);
  FileNumbers made_again = numbers(path, chip, options);
  Recompiled result{std::move(made_again.integers), {}};
  if (made_again.dt) {
    std::ostringstream meaning;
    meaning << "dt " << *made_again.dt;
    if (!semantics.dt) meaning << " (from the file's parameters or the framework)";
    meaning << ", " << describe(meaning_of(semantics));
    result.meaning = meaning.str();
  }
  return result;
}

}  // namespace spikeloom

#include "compiler/sdf/json.hpp"

#include <map>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/json_keys.hpp"
#include "compiler/base/text.hpp"

namespace spikeloom::sdf {
namespace {

using Json = nlohmann::ordered_json;

class JsonReader {
 public:
  explicit JsonReader(std::string name) : name_(std::move(name)) {}

  PhasedGraph read(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object()) throw input_error(name_ + ": expected a JSON object");
    if (json.value("format", Json()) != "spikeloom-dataflow" || json.value("version", Json()) != 1)
      throw input_error(name_ + ": expected \"format\": \"spikeloom-dataflow\" and \"version\": 1");
    if (const std::optional<std::string> key = repeated_json_key(text))
      throw input_error(name_ + ": an object has the key \"" + printable(*key) + "\" twice");
    known(json, "the graph", {"format", "version", "name", "actors", "channels"});
    PhasedGraph graph(text_of(json, "name", "the graph"));
    for (const Json& actor : array(json, "actors")) read_actor(actor, graph);
    for (const Json& channel : array(json, "channels")) read_channel(channel, graph);
    problems_.throw_if_any(name_);
    return graph;
  }

 private:
  void known(const Json& object, const std::string& thing, const std::set<std::string>& keys) {
    for (const auto& [key, value] : object.items())
      if (keys.count(key) == 0) problems_.add(thing + ": unknown key \"" + key + "\"");
  }

  Json array(const Json& object, const char* key) {
    const Json list = object.value(key, Json::array());
    if (list.is_array()) return list;
    problems_.add(std::string("\"") + key + "\": expected a list");
    return Json::array();
  }

  std::string text_of(const Json& object, const char* key, const std::string& thing) {
    const Json text = object.value(key, Json(""));
    if (text.is_string()) return text.get<std::string>();
    problems_.add(thing + ": \"" + key + "\": expected a text");
    return {};
  }

  std::vector<std::int64_t> numbers(const Json& object, const char* key, std::int64_t otherwise,
                                    const std::string& thing) {
    Json values = object.value(key, Json(otherwise));
    if (!values.is_array()) values = Json::array({values});
    std::vector<std::int64_t> result;
    for (const Json& value : values)
      if (value.is_number_integer() &&
          (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{kMaxTime}))
        result.push_back(value.get<std::int64_t>());
      else
        problems_.add(thing + ": \"" + key + "\": expected whole numbers up to 2^59, found " +
                      value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (result.empty()) result.push_back(otherwise);
    return result;
  }

  void read_actor(const Json& actor, PhasedGraph& graph) {
    if (!actor.is_object()) return problems_.add("\"actors\": expected objects, found " + actor.dump());
    const std::string name = text_of(actor, "name", "an actor");
    const std::string thing = "actor \"" + name + "\"";
    known(actor, thing, {"name", "execution"});
    if (ids_.count(name) != 0) return problems_.add(thing + ": two actors of this name");
    guarded([&] { ids_.emplace(name, graph.add_actor(name, numbers(actor, "execution", 1, thing))); });
  }

  void read_channel(const Json& channel, PhasedGraph& graph) {
    if (!channel.is_object()) return problems_.add("\"channels\": expected objects, found " + channel.dump());
    const std::string name = text_of(channel, "name", "a channel");
    const std::string thing = "channel \"" + name + "\"";
    known(channel, thing, {"name", "from", "to", "produce", "consume", "tokens", "latency"});
    const auto end = [&](const char* key) -> const ActorId* {
      const auto found = ids_.find(text_of(channel, key, thing));
      if (found != ids_.end()) return &found->second;
      problems_.add(thing + ": \"" + key + "\": no actor " + channel.value(key, Json("")).dump());
      return nullptr;
    };
    const ActorId* from = end("from");
    const ActorId* to = end("to");
    std::vector<std::int64_t> produce = numbers(channel, "produce", 1, thing),
                              consume = numbers(channel, "consume", 1, thing);
    const std::int64_t tokens = numbers(channel, "tokens", 0, thing).front(),
                       latency = numbers(channel, "latency", 0, thing).front();
    if (from == nullptr || to == nullptr) return;
    if (produce.size() == 1) produce.resize(graph.phases(*from), produce.front());
    if (consume.size() == 1) consume.resize(graph.phases(*to), consume.front());
    guarded([&] { graph.add_channel({*from, *to, produce, consume, tokens, latency}, name); });
  }

  template <class F>
  void guarded(F&& work) {
    try {
      work();
    } catch (const Error& error) {
      problems_.add(error.what());
    }
  }

  std::string name_;
  Problems problems_;
  std::map<std::string, ActorId> ids_;
};

Json short_form(const std::vector<std::int64_t>& values) {
  return values.size() == 1 ? Json(values.front()) : Json(values);
}

}  // namespace

PhasedGraph parse_json(std::string_view text, const std::string& name) { return JsonReader(name).read(text); }

Certificate parse_certificate(std::string_view text, const Graph& graph, const std::string& name) {
  const auto wrong = [&](const std::string& what) { return input_error(name + ": " + what); };
  const auto shown = [](const nlohmann::json& json) { return json.is_null() ? "nothing" : json.dump(); };
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != "spikeloom-dataflow-certificate" ||
      json.value("version", nlohmann::json()) != 1)
    throw wrong("expected \"format\": \"spikeloom-dataflow-certificate\", \"version\": 1");
  if (const std::optional<std::string> key = repeated_json_key(text))
    throw wrong("has the key \"" + printable(*key) + "\" twice");
  const auto member = [&](const char* key) { return json.value(key, nlohmann::json()); };
  Certificate certificate;
  if (!member("period").is_string()) throw wrong("period: expected a ratio such as \"16/3\"");
  try {
    certificate.period = Ratio::parse(member("period").get<std::string>());
  } catch (const Error& error) {
    throw error.within(name + ": period");
  }
  if (!member("potentials").is_array() || !member("critical_cycle").is_array())
    throw wrong("expected the lists \"potentials\" and \"critical_cycle\"");
  for (const nlohmann::json& entry : member("potentials")) {
    const std::size_t a = certificate.potential.size();
    const std::string place = "potential " + std::to_string(a);
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string())
      throw wrong(place + ": expected a pair of name and number, found " + shown(entry));
    if (a >= graph.actor_count() || entry[0].get<std::string>() != graph.name(ActorId(a)))
      throw wrong(place + " is of " + shown(entry[0]) + ", which the graph has not there");
    if (!entry[1].is_number_integer() ||
        (entry[1].is_number_unsigned() && entry[1].get<std::uint64_t>() > INT64_MAX))
      throw wrong(place + ": expected an integer of 64 bits, found " + shown(entry[1]));
    certificate.potential.push_back(entry[1].get<std::int64_t>());
  }
  if (certificate.potential.size() != graph.actor_count())
    throw wrong(std::to_string(certificate.potential.size()) + " potentials, expected " +
                std::to_string(graph.actor_count()) + ", one a firing");
  for (const nlohmann::json& entry : member("critical_cycle")) {
    if (!entry.is_number_unsigned() || entry.get<std::size_t>() >= graph.channel_count())
      throw wrong("critical_cycle: no dependence " + shown(entry));
    certificate.critical_cycle.emplace_back(entry.get<std::size_t>());
  }
  return certificate;
}

std::string print_json(const PhasedGraph& graph) {
  Json json;
  json["format"] = "spikeloom-dataflow";
  json["version"] = 1;
  json["name"] = graph.name();
  std::set<std::string> names;
  json["actors"] = Json::array();
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    const std::string& name = graph.name(ActorId(a));
    if (!names.insert(name).second)
      throw input_error("graph " + graph.name() + ": two actors are named \"" + name +
                        "\", and channels find them by name");
    json["actors"].push_back({{"name", name}, {"execution", short_form(graph.execution(ActorId(a)))}});
  }
  json["channels"] = Json::array();
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    json["channels"].push_back({{"name", graph.name(ChannelId(c))},
                                {"from", graph.name(channel.source)},
                                {"to", graph.name(channel.target)},
                                {"produce", short_form(channel.produce)},
                                {"consume", short_form(channel.consume)},
                                {"tokens", channel.tokens},
                                {"latency", channel.latency}});
  }
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace spikeloom::sdf

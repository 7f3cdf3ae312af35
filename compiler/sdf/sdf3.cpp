#include "compiler/sdf/sdf3.hpp"

#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include <pugixml.hpp>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

/// "3" or "1,0,2"; "2*4" stands for 4,4. Nothing when it is neither.
std::vector<std::int64_t> numbers(std::string_view text) {
  constexpr std::int64_t kMostPhases = 1'000'000;
  std::vector<std::int64_t> values;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string_view part = text.substr(at, comma - at);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    std::int64_t times = 1, value = 0;
    const auto whole = [](std::string_view digits, std::int64_t& to) {
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), to);
      return read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    };
    const std::size_t star = part.find('*');
    if (star != std::string_view::npos && !whole(part.substr(0, star), times)) return {};
    if (!whole(star == std::string_view::npos ? part : part.substr(star + 1), value)) return {};
    if (times < 1 || times + static_cast<std::int64_t>(values.size()) > kMostPhases) return {};
    values.insert(values.end(), static_cast<std::size_t>(times), value);
    at = comma + 1;
  }
  return values;
}

std::string list(const std::vector<std::int64_t>& values) {
  std::string text;
  for (const std::int64_t value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

class Reader {
 public:
  Reader(std::string_view xml, std::string name) : name_(std::move(name)) {
    const pugi::xml_parse_result parsed = document_.load_buffer(xml.data(), xml.size());
    if (!parsed)
      throw input_error(name_ + ": byte " + std::to_string(parsed.offset) +
                        ": no XML: " + parsed.description());
  }

  PhasedGraph read() {
    const pugi::xml_node root = document_.child("sdf3");
    if (!root)
      throw input_error(name_ + ": expected <sdf3> as its root, found <" + document_.first_child().name() +
                        ">");
    const std::string type = root.attribute("type").value();
    if (type != "sdf" && type != "csdf")
      throw input_error(name_ + ": <sdf3 type=\"" + type + "\">: expected sdf or csdf");
    const pugi::xml_node application = root.child("applicationGraph");
    const pugi::xml_node body = application.child(type.c_str());
    if (!body) throw input_error(name_ + ": expected <applicationGraph> with <" + type + "> in it");
    PhasedGraph graph(application.attribute("name").value());
    times(application.child((type + "Properties").c_str()));
    actors(body, graph);
    channels(body, graph);
    problems_.throw_if_any(name_);
    return graph;
  }

 private:
  void times(const pugi::xml_node& properties) {
    for (const pugi::xml_node& actor : properties.children("actorProperties")) {
      const std::string name = actor.attribute("actor").value();
      pugi::xml_node chosen;
      for (const pugi::xml_node& processor : actor.children("processor"))
        if (!chosen || std::string(processor.attribute("default").value()) == "true") chosen = processor;
      const std::string text = chosen.child("executionTime").attribute("time").value();
      std::vector<std::int64_t> values = numbers(text);
      if (values.empty())
        problems_.add("actor \"" + name + "\": execution time: expected whole numbers, found \"" + text +
                      "\"");
      times_[name] = std::move(values);
    }
  }

  void actors(const pugi::xml_node& body, PhasedGraph& graph) {
    for (const pugi::xml_node& actor : body.children("actor")) {
      const std::string name = actor.attribute("name").value();
      const std::string thing = "actor \"" + name + "\"";
      if (ids_.count(name) != 0) {
        problems_.add(thing + ": two actors of this name");
        continue;
      }
      if (times_.count(name) == 0) {
        problems_.add(thing + ": no execution time in the properties");
        times_[name] = {0};
      }
      std::size_t phases = times_[name].size();
      for (const pugi::xml_node& port : actor.children("port")) {
        const std::string text = port.attribute("rate").value();
        std::vector<std::int64_t> rates = numbers(text);
        if (rates.empty())
          problems_.add(thing + ", port \"" + port.attribute("name").value() +
                        "\": rate: expected whole numbers, found \"" + text + "\"");
        phases = std::max(phases, rates.size());
        ports_[{name, port.attribute("name").value()}] = {std::string(port.attribute("type").value()),
                                                          std::move(rates)};
      }
      std::vector<std::int64_t> time = times_[name];
      // One number stands for all phases.
      if (time.size() == 1) time.resize(phases, time.front());
      if (time.empty()) time.resize(phases, 0);
      for (const pugi::xml_node& port : actor.children("port")) {
        std::vector<std::int64_t>& rates = ports_[{name, port.attribute("name").value()}].rates;
        if (rates.size() == 1) rates.resize(phases, rates.front());
        if (!rates.empty() && rates.size() != phases)
          problems_.add(thing + ", port \"" + port.attribute("name").value() +
                        "\": " + std::to_string(rates.size()) + " rates, expected " + std::to_string(phases));
      }
      guarded([&] { ids_.emplace(name, graph.add_actor(name, time)); });
    }
  }

  void channels(const pugi::xml_node& body, PhasedGraph& graph) {
    for (const pugi::xml_node& channel : body.children("channel")) {
      const std::string name = channel.attribute("name").value();
      const std::string thing = "channel \"" + name + "\"";
      const auto end = [&](const char* actor_key, const char* port_key,
                           const std::string& type) -> const Port* {
        const std::string actor = channel.attribute(actor_key).value(),
                          port = channel.attribute(port_key).value();
        const auto found = ports_.find({actor, port});
        if (found == ports_.end() || ids_.count(actor) == 0) {
          problems_.add(thing + ": no port \"" + port + "\" of an actor \"" + actor + "\"");
          return nullptr;
        }
        if (found->second.type != type) {
          problems_.add(thing + ": port \"" + port + "\" of \"" + actor + "\": expected type " + type +
                        ", found " + found->second.type);
          return nullptr;
        }
        return found->second.rates.empty() ? nullptr : &found->second;
      };
      const Port* from = end("srcActor", "srcPort", "out");
      const Port* to = end("dstActor", "dstPort", "in");
      const std::string tokens = channel.attribute("initialTokens").as_string("0");
      const std::vector<std::int64_t> initial = numbers(tokens);
      if (initial.size() != 1)
        problems_.add(thing + ": initialTokens: expected a whole number, found \"" + tokens + "\"");
      if (from == nullptr || to == nullptr || initial.size() != 1) continue;
      guarded([&] {
        graph.add_channel(
            {ids_.at(channel.attribute("srcActor").value()), ids_.at(channel.attribute("dstActor").value()),
             from->rates, to->rates, initial.front(), 0},
            name);
      });
    }
  }

  template <class F>
  void guarded(F&& work) {
    try {
      work();
    } catch (const Error& error) {
      problems_.add(error.what());
    }
  }

  struct Port {
    std::string type;
    std::vector<std::int64_t> rates;
  };

  pugi::xml_document document_;
  std::string name_;
  Problems problems_;
  std::map<std::string, std::vector<std::int64_t>> times_;
  std::map<std::pair<std::string, std::string>, Port> ports_;
  std::map<std::string, ActorId> ids_;
};

/// Names once each: SDF3 finds actors and channels by name.
std::vector<std::string> distinct(const std::vector<std::string>& names) {
  std::set<std::string> taken;
  std::vector<std::string> result;
  for (const std::string& name : names) {
    std::string candidate = name.empty() ? "_" : name;
    for (int n = 2; !taken.insert(candidate).second; ++n) candidate = name + "_" + std::to_string(n);
    result.push_back(candidate);
  }
  return result;
}

}  // namespace

PhasedGraph parse_sdf3(std::string_view xml, const std::string& name) { return Reader(xml, name).read(); }

std::string print_sdf3(const PhasedGraph& graph) {
  Problems problems;
  std::vector<std::string> actor_names, channel_names;
  bool phases = false;
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    actor_names.push_back(graph.name(ActorId(a)));
    phases = phases || graph.phases(ActorId(a)) > 1;
  }
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    channel_names.push_back(graph.name(ChannelId(c)));
    if (graph.channel(ChannelId(c)).latency != 0)
      problems.add(title(graph, ChannelId(c)) + ": latency " +
                   std::to_string(graph.channel(ChannelId(c)).latency) +
                   ": SDF3 has none; put an actor of that execution time between");
  }
  problems.throw_if_any("graph " + graph.name());
  actor_names = distinct(actor_names);
  channel_names = distinct(channel_names);
  const char* type = phases ? "csdf" : "sdf";
  const std::string name = graph.name().empty() ? "graph" : graph.name();
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("sdf3");
  root.append_attribute("type") = type;
  root.append_attribute("version") = "1.0";
  pugi::xml_node application = root.append_child("applicationGraph");
  application.append_attribute("name") = name.c_str();
  pugi::xml_node body = application.append_child(type);
  body.append_attribute("name") = name.c_str();
  body.append_attribute("type") = name.c_str();
  std::vector<pugi::xml_node> actors;
  for (const std::string& actor : actor_names) {
    actors.push_back(body.append_child("actor"));
    actors.back().append_attribute("name") = actor.c_str();
    actors.back().append_attribute("type") = actor.c_str();
  }
  const auto port = [&](ActorId actor, const std::string& port_name, const char* direction,
                        const std::vector<std::int64_t>& rates) {
    pugi::xml_node node = actors[actor.index()].append_child("port");
    node.append_attribute("name") = port_name.c_str();
    node.append_attribute("type") = direction;
    node.append_attribute("rate") = list(rates).c_str();
  };
  for (std::size_t c = 0; c < graph.channel_count(); ++c) {
    const PhasedChannel& channel = graph.channel(ChannelId(c));
    const std::string out = "o" + std::to_string(c), in = "i" + std::to_string(c);
    port(channel.source, out, "out", channel.produce);
    port(channel.target, in, "in", channel.consume);
    pugi::xml_node node = body.append_child("channel");
    node.append_attribute("name") = channel_names[c].c_str();
    node.append_attribute("srcActor") = actor_names[channel.source.index()].c_str();
    node.append_attribute("srcPort") = out.c_str();
    node.append_attribute("dstActor") = actor_names[channel.target.index()].c_str();
    node.append_attribute("dstPort") = in.c_str();
    if (channel.tokens != 0) node.append_attribute("initialTokens") = std::to_string(channel.tokens).c_str();
  }
  pugi::xml_node properties = application.append_child((std::string(type) + "Properties").c_str());
  for (std::size_t a = 0; a < graph.actor_count(); ++a) {
    pugi::xml_node actor = properties.append_child("actorProperties");
    actor.append_attribute("actor") = actor_names[a].c_str();
    pugi::xml_node processor = actor.append_child("processor");
    processor.append_attribute("type") = "p";
    processor.append_attribute("default") = "true";
    processor.append_child("executionTime").append_attribute("time") =
        list(graph.execution(ActorId(a))).c_str();
  }
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

}  // namespace spikeloom::sdf

#include "compiler/sdf/sdf3.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include <pugixml.hpp>

#include "compiler/base/error.hpp"
#include "compiler/sdf/initial_phases.hpp"

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

/// Initial phases, and those that repeat.
struct Phases {
  std::vector<std::int64_t> initial, later;
};

/// "1,3" or "3;1,3". Nothing in `later` when it is neither.
Phases phases_of(const std::string& text) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == std::string::npos) return {{}, numbers(text)};
  Phases phases{numbers(text.substr(0, semicolon)), numbers(text.substr(semicolon + 1))};
  if (phases.initial.empty()) phases.later.clear();
  return phases;
}

/// What is in the file and has no meaning here, by its place, with how often it is there.
class Unused {
 public:
  explicit Unused(const pugi::xml_node& application) { visit(application, "applicationGraph"); }

  void say(std::vector<std::string>& notes) const {
    std::string text;
    for (const auto& [place, times] : count_)
      text +=
          (text.empty() ? "" : ", ") + place + (times > 1 ? " (" + std::to_string(times) + " times)" : "");
    if (text.empty()) return;
    notes.push_back("in the file and not used: " + text);
    if (count_.count("channelProperties/bufferSize") != 0)
      notes.emplace_back(
          "channels have no bound here, whatever bufferSize says; `dataflow buffers` finds the room that a "
          "period needs");
  }

 private:
  void visit(const pugi::xml_node& node, const std::string& name) {
    static const std::map<std::string, std::set<std::string>> known{
        {"applicationGraph", {"sdf", "csdf", "sdfProperties", "csdfProperties"}},
        {"sdf", {"actor", "channel"}},
        {"csdf", {"actor", "channel"}},
        {"actor", {"port"}},
        {"sdfProperties", {"actorProperties", "channelProperties", "graphProperties"}},
        {"csdfProperties", {"actorProperties", "channelProperties", "graphProperties"}},
        {"actorProperties", {"processor"}},
        {"processor", {"executionTime"}}};
    const auto here = known.find(name);
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      if (here != known.end() && here->second.count(child.name()) != 0)
        visit(child, child.name());
      else
        ++count_[name + "/" + child.name()];
    }
  }

  std::map<std::string, std::int64_t> count_;
};

class Reader {
 public:
  Reader(std::string_view xml, std::string name, const Sdf3Options& options)
      : name_(std::move(name)), options_(options) {
    const pugi::xml_parse_result parsed = document_.load_buffer(xml.data(), xml.size());
    if (!parsed)
      throw input_error(name_ + ": byte " + std::to_string(parsed.offset) +
                        ": no XML: " + parsed.description());
  }

  Sdf3File read() {
    const pugi::xml_node root = document_.child("sdf3");
    if (!root)
      throw input_error(name_ + ": expected <sdf3> as its root, found <" + document_.first_child().name() +
                        ">");
    const std::string type = root.attribute("type").value();
    if (type != "sdf" && type != "csdf")
      throw input_error(name_ + ": <sdf3 type=\"" + type + "\">: expected sdf or csdf");
    const pugi::xml_node application = choose_application(root);
    const pugi::xml_node body = of_either_type(application, type, "");
    if (!body) throw input_error(name_ + ": expected <applicationGraph> with <" + type + "> in it");
    PhasedGraph graph(application.attribute("name").value());
    times(of_either_type(application, type, "Properties"));
    actors(body, graph);
    channels(body, graph);
    problems_.throw_if_any(name_);
    say_which_processors();
    Unused(application).say(notes_);
    return {with_initial_phases_done(graph), std::move(notes_)};
  }

 private:
  pugi::xml_node choose_application(const pugi::xml_node& root) {
    std::string names;
    std::size_t count = 0;
    pugi::xml_node chosen;
    for (const pugi::xml_node& application : root.children("applicationGraph")) {
      const std::string name = application.attribute("name").value();
      names += (++count > 1 ? ", \"" : "\"") + name + "\"";
      if (!chosen && (!options_.application || *options_.application == name)) chosen = application;
    }
    if (options_.application && !chosen)
      throw input_error(name_ + ": no application graph is named \"" + *options_.application + "\"; found " +
                        (names.empty() ? "none" : names));
    if (count > 1 && !options_.application)
      notes_.push_back("the file holds " + std::to_string(count) + " application graphs (" + names +
                       "); the first is taken, --graph chooses another");
    return chosen;
  }

  /// <sdf> or <csdf>, also within a file of the other type.
  static pugi::xml_node of_either_type(const pugi::xml_node& application, const std::string& type,
                                       const char* end) {
    const pugi::xml_node own = application.child((type + end).c_str());
    return own ? own : application.child(((type == "sdf" ? "csdf" : "sdf") + std::string(end)).c_str());
  }

  void times(const pugi::xml_node& properties) {
    for (const pugi::xml_node& actor : properties.children("actorProperties")) {
      const std::string name = actor.attribute("actor").value();
      const pugi::xml_node chosen = choose_processor(actor, name);
      const std::string text = chosen.child("executionTime").attribute("time").value();
      std::vector<std::int64_t> values = phases_of(text).later;
      if (values.empty() && chosen)
        problems_.add("actor \"" + name + "\": execution time: expected whole numbers, found \"" + text +
                      "\"");
      times_[name] = std::move(values);
    }
  }

  /// The type asked for, else the last that is marked as default, else the first.
  pugi::xml_node choose_processor(const pugi::xml_node& actor, const std::string& name) {
    pugi::xml_node first, by_default;
    std::string types;
    std::size_t count = 0, defaults = 0;
    for (const pugi::xml_node& processor : actor.children("processor")) {
      const std::string type = processor.attribute("type").value();
      if (options_.processor == type) return processor;
      types += (++count > 1 ? ", " : "") + type;
      if (!first) first = processor;
      if (std::string(processor.attribute("default").value()) != "true") continue;
      by_default = processor;  // of several, SDF3 takes the last
      ++defaults;
    }
    if (count == 0) problems_.add("actor \"" + name + "\": no execution time in the properties");
    if (count > 0 && options_.processor)
      problems_.add("actor \"" + name + "\": no processor type \"" + *options_.processor + "\"; found " +
                    types);
    const pugi::xml_node chosen = by_default ? by_default : first;
    if (count > 1 && defaults != 1)
      undecided_.push_back("\"" + name + "\" (" + chosen.attribute("type").value() + " of " + types + ")");
    return chosen;
  }

  void say_which_processors() {
    if (undecided_.empty()) return;
    std::string text;
    constexpr std::size_t kShown = 5;
    for (std::size_t i = 0; i < std::min(kShown, undecided_.size()); ++i)
      text += (i > 0 ? ", " : "") + undecided_[i];
    if (undecided_.size() > kShown) text += ", and " + std::to_string(undecided_.size() - kShown) + " more";
    notes_.push_back(
        "several processor types, of which not one is the default: the first, or the last that is "
        "marked as default, is taken, and --processor-type chooses another; of " +
        text);
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
      std::size_t phases = times_[name].size(), initial = 0;
      for (const pugi::xml_node& port : actor.children("port")) {
        const std::string text = port.attribute("rate").value();
        Phases rates = phases_of(text);
        if (rates.later.empty())
          problems_.add(thing + ", port \"" + port.attribute("name").value() +
                        "\": rate: expected whole numbers, found \"" + text + "\"");
        phases = std::max(phases, rates.later.size());
        initial = std::max(initial, rates.initial.size());
        ports_[{name, port.attribute("name").value()}] = {std::string(port.attribute("type").value()),
                                                          std::move(rates)};
      }
      std::vector<std::int64_t> time = times_[name];
      // One number stands for all phases.
      if (time.size() == 1) time.resize(phases, time.front());
      if (time.empty()) time.resize(phases, 0);
      for (const pugi::xml_node& port : actor.children("port"))
        check_port(thing + ", port \"" + port.attribute("name").value() + "\": ", phases, initial,
                   ports_[{name, port.attribute("name").value()}].rates);
      guarded([&] {
        ids_.emplace(name, graph.add_actor(name, time));
        initial_.push_back(static_cast<std::int64_t>(initial));
      });
    }
  }

  void check_port(const std::string& thing, std::size_t phases, std::size_t initial, Phases& rates) {
    if (rates.later.size() == 1) rates.later.resize(phases, rates.later.front());
    if (!rates.later.empty() && rates.later.size() != phases)
      problems_.add(thing + std::to_string(rates.later.size()) + " rates, expected " +
                    std::to_string(phases));
    if (rates.initial.size() != initial)
      problems_.add(thing + std::to_string(rates.initial.size()) +
                    " rates of initial phases, expected as many as another port of its actor has, " +
                    std::to_string(initial));
    for (const std::int64_t rate : rates.initial)
      if (rate < 0 || rate > kMaxTokens)
        problems_.add(thing + "rate of an initial phase: expected 0 to 2^59, found " + std::to_string(rate));
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
        return found->second.rates.later.empty() ? nullptr : &found->second;
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
             from->rates.later, to->rates.later, initial.front(), 0},
            name);
        initial_rates_.push_back({from->rates.initial, to->rates.initial});
      });
    }
  }

  PhasedGraph with_initial_phases_done(const PhasedGraph& graph) {
    std::size_t actors = 0;
    for (const std::int64_t count : initial_) actors += count > 0 ? 1 : 0;
    if (actors == 0) return graph;
    notes_.push_back(std::to_string(actors) +
                     (actors == 1 ? " actor has initial phases" : " actors have initial phases") +
                     ": the graph is taken as it stands after them; their execution times do not count");
    try {
      return after_initial_phases(graph, initial_, initial_rates_);
    } catch (const Error& error) {
      throw error.within(name_);
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
    Phases rates;
  };

  pugi::xml_document document_;
  std::string name_;
  Sdf3Options options_;
  Problems problems_;
  std::vector<std::string> notes_, undecided_;
  std::vector<std::int64_t> initial_;        ///< phases, by actor
  std::vector<InitialRates> initial_rates_;  ///< by channel
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

Sdf3File read_sdf3(std::string_view xml, const std::string& name, const Sdf3Options& options) {
  return Reader(xml, name, options).read();
}

PhasedGraph parse_sdf3(std::string_view xml, const std::string& name) { return read_sdf3(xml, name).graph; }

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

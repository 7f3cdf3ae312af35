#include "compiler/sdf/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <vector>

#include "compiler/base/error.hpp"

namespace spikeloom::sdf {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char ch : text) {
    const auto byte = static_cast<unsigned char>(ch);
    if (ch == '"' || ch == '\\') {
      result += '\\';
      result += ch;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    } else {
      result += ch;
    }
  }
  return result + '"';
}

std::string counted(const std::string& number, const char* thing) {
  return number + " " + thing + (number == "1" ? "" : "s");
}

/// Reads one line; what is wrong with it is thrown as a plain text and collected by `parse`.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  bool at_end() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r'))
      rest_.remove_prefix(1);
    return rest_.empty() || rest_.front() == '#';
  }
  void end() {
    if (!at_end()) throw input_error("unexpected \"" + std::string(rest_) + "\" at its end");
  }
  std::string word() {
    if (at_end()) return {};
    const std::size_t length = std::min(rest_.find_first_of(" \t\r\"#"), rest_.size());
    std::string result(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return result;
  }
  void expect(const std::string& wanted) {
    const std::string found = word();
    if (found != wanted) throw input_error("expected \"" + wanted + "\", found \"" + found + "\"");
  }
  std::int64_t number() {
    const std::string found = word();
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (code != std::errc() || end != found.data() + found.size())
      throw input_error("expected a whole number of 64 bits, found \"" + found + "\"");
    return value;
  }
  std::int64_t number(const std::string& key) {
    expect(key);
    return number();
  }
  std::string name() {
    if (at_end() || rest_.front() != '"') throw input_error("expected a name in quotes");
    rest_.remove_prefix(1);
    std::string result;
    while (!rest_.empty() && rest_.front() != '"') {
      const char ch = take();
      result += ch == '\\' ? escaped() : ch;
    }
    if (rest_.empty()) throw input_error("the closing quote is missing");
    rest_.remove_prefix(1);
    return result;
  }

 private:
  char take() {
    if (rest_.empty()) throw input_error("it ends inside an escape");
    const char ch = rest_.front();
    rest_.remove_prefix(1);
    return ch;
  }
  char escaped() {
    const char kind = take();
    if (kind == '"' || kind == '\\') return kind;
    if (kind != 'x') throw input_error(std::string("unknown escape \\") + kind);
    unsigned value = 0;
    for (int digit = 0; digit < 2; ++digit) {
      const std::string_view digits(kHex, 16);
      const std::size_t place = digits.find(take());
      if (place == std::string_view::npos) throw input_error("\\x takes two digits 0 to F");
      value = value * 16 + static_cast<unsigned>(place);
    }
    return static_cast<char>(value);
  }
  std::string_view rest_;
};

ActorId read_end(Line& line, const Graph& graph) {
  const std::int64_t number = line.number();
  if (number < 0 || static_cast<std::size_t>(number) >= graph.actor_count())
    throw input_error("actor " + std::to_string(number) + " does not stand above; there are " +
                      std::to_string(graph.actor_count()));
  return ActorId(static_cast<std::size_t>(number));
}

void read_channel(Line& line, Graph& graph) {
  std::string name = line.name();
  Channel channel;
  channel.source = read_end(line, graph);
  line.expect("->");
  channel.target = read_end(line, graph);
  channel.tokens = line.number("tokens");
  channel.latency = line.number("latency");
  if (!line.at_end()) {
    channel.produce = line.number("rates");
    channel.consume = line.number();
  }
  line.end();
  graph.add_channel(channel, std::move(name));
}

void read_actor(Line& line, Graph& graph) {
  std::string name = line.name();
  const std::int64_t execution = line.number("execution");
  line.end();
  graph.add_actor(std::move(name), execution);
}

}  // namespace

std::string describe(const Graph& graph, std::span<const ChannelId> cycle) {
  if (cycle.empty()) return "no cycle";
  std::string result = graph.name(graph.channel(cycle.front()).source);
  __int128_t weight = 0, tokens = 0;
  for (const ChannelId id : cycle) {
    const Channel& c = graph.channel(id);
    result += graph.name(id).empty() ? " -> " : " -[" + graph.name(id) + "]-> ";
    result += graph.name(c.target);
    weight += graph.weight(c);
    tokens += c.tokens;
  }
  const auto decimal = [](__int128_t value) {
    std::string digits;
    do digits += static_cast<char>('0' + static_cast<int>(value % 10));
    while ((value /= 10) != 0);
    return std::string(digits.rbegin(), digits.rend());
  };
  return result + " (" + counted(decimal(weight), "cycle") + ", " + counted(decimal(tokens), "token") + ")";
}

std::string print(const Graph& graph) {
  std::ostringstream out;
  out << "sdf 1\n";
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    out << "actor " << quoted(graph.name(ActorId(a))) << " execution " << graph.execution(ActorId(a)) << '\n';
  for (std::size_t i = 0; i < graph.channel_count(); ++i) {
    const Channel& c = graph.channels()[i];
    out << "channel " << quoted(graph.name(ChannelId(i))) << ' ' << c.source.value << " -> " << c.target.value
        << " tokens " << c.tokens << " latency " << c.latency;
    if (c.produce != 1 || c.consume != 1) out << " rates " << c.produce << ' ' << c.consume;
    out << '\n';
  }
  return out.str();
}

Graph parse(std::string_view text) {
  Graph graph;
  Problems problems;
  bool header = false;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t length = text.find('\n');
    Line line(text.substr(0, length));
    text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
    ++number;
    if (line.at_end()) continue;
    try {
      const std::string kind = line.word();
      if (kind == "actor") {
        read_actor(line, graph);
      } else if (kind == "channel") {
        read_channel(line, graph);
      } else if (kind == "sdf") {
        if (line.number() != 1) throw input_error("expected version 1");
        line.end();
        header = true;
      } else {
        throw input_error("expected \"actor\" or \"channel\", found \"" + kind + "\"");
      }
    } catch (const Error& error) {
      problems.add("line " + std::to_string(number) + ": " + error.what());
    }
  }
  if (!header) problems.add("the line \"sdf 1\" is missing");
  problems.throw_if_any("sdf graph");
  return graph;
}

std::string dot(const Graph& graph, std::span<const ChannelId> highlight) {
  std::vector<bool> red(graph.channel_count(), false);
  for (const ChannelId id : highlight) red[id.index()] = true;
  std::ostringstream out;
  const auto label = [](const std::string& name) {  // DOT knows \" and \\ but no \x
    std::string result;
    for (const char ch : name) {
      if (ch == '"' || ch == '\\') result += '\\';
      result += static_cast<unsigned char>(ch) < 0x20 ? ' ' : ch;
    }
    return result;
  };
  out << "digraph sdf {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t a = 0; a < graph.actor_count(); ++a)
    out << "  a" << a << " [label=\"" << label(graph.name(ActorId(a))) << "\\n"
        << graph.execution(ActorId(a)) << "\"];\n";
  for (std::size_t i = 0; i < graph.channel_count(); ++i) {
    const Channel& c = graph.channels()[i];
    out << "  a" << c.source.value << " -> a" << c.target.value << " [label=\""
        << label(graph.name(ChannelId(i)));
    if (c.tokens != 0) out << " *" << c.tokens;
    if (c.latency != 0) out << " +" << c.latency;
    if (c.produce != 1 || c.consume != 1) out << " " << c.produce << ":" << c.consume;
    out << '"' << (red[i] ? ", color=red" : "") << "];\n";
  }
  out << "}\n";
  return out.str();
}

}  // namespace spikeloom::sdf

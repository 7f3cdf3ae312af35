// A graph as bytes between the child process that reads a file and the process that asked for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "compiler/model/nir.hpp"

namespace spikeloom {

/// A graph, its problems and an error as bytes, from the child process to us.
class GraphWriter {
 public:
  void number(std::uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void array(const NirArray& array) {
    number(array.shape.size());
    for (const std::size_t extent : array.shape) number(extent);
    number(array.values.size());
    bytes_.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(double));
  }
  void metadata(const NirMetadata& metadata) {
    number(metadata.size());
    for (const auto& [name, value] : metadata) {
      text(name);
      number(value.index());
      if (const auto* words = std::get_if<std::string>(&value)) text(*words);
      if (const auto* numbers = std::get_if<NirArray>(&value)) array(*numbers);
    }
  }
  void graph(const NirGraph& graph) {
    text(graph.version);
    number(graph.nodes.size());
    for (const auto& [name, node] : graph.nodes) {
      text(name);
      text(node.type_name);
      number(node.fields.size());
      for (const auto& [field, values] : node.fields) {
        text(field);
        array(values);
      }
      number(node.texts.size());
      for (const auto& [field, words] : node.texts) {
        text(field);
        text(words);
      }
      metadata(node.metadata);
      number(node.graph.size());
      for (const NirGraph& inner : node.graph) this->graph(inner);
    }
    number(graph.edges.size());
    for (const NirEdge& edge : graph.edges) {
      text(edge.from);
      text(edge.to);
    }
    metadata(graph.metadata);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// The other end of GraphWriter. Throws std::out_of_range where the bytes are not what that writes.
class GraphParser {
 public:
  explicit GraphParser(const std::string& bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    take(&value, sizeof value);
    return value;
  }
  std::string text() {
    std::string value(fits(number(), 1), '\0');
    take(value.data(), value.size());
    return value;
  }
  NirArray array() {
    NirArray array;
    array.shape.resize(fits(number(), sizeof(std::uint64_t)));
    for (std::size_t& extent : array.shape) extent = number();
    array.values.resize(fits(number(), sizeof(double)));
    // The library may have damaged the memory of the process that wrote this.
    std::size_t left = array.values.size();
    for (const std::size_t extent : array.shape) {
      if (extent == 0 ? !array.values.empty() : left % extent != 0) throw std::out_of_range("GraphParser");
      if (extent != 0) left /= extent;
    }
    const bool is_empty = std::find(array.shape.begin(), array.shape.end(), 0U) != array.shape.end();
    if (left != (is_empty ? 0U : 1U)) throw std::out_of_range("GraphParser");
    take(array.values.data(), array.values.size() * sizeof(double));
    return array;
  }
  NirMetadata metadata() {
    NirMetadata metadata;
    for (std::uint64_t left = number(); left > 0; --left) {
      const std::string name = text();
      if (number() == 0) {
        metadata.emplace(name, text());
      } else {
        metadata.emplace(name, array());
      }
    }
    return metadata;
  }
  NirGraph graph() {
    NirGraph graph;
    graph.version = text();
    for (std::uint64_t left = number(); left > 0; --left) {
      const std::string name = text();
      NirNode node;
      node.type_name = text();
      node.type = nir_type(node.type_name);
      for (std::uint64_t fields = number(); fields > 0; --fields) {
        const std::string field = text();
        node.fields.emplace(field, array());
      }
      for (std::uint64_t texts = number(); texts > 0; --texts) {
        const std::string field = text();
        node.texts.emplace(field, text());
      }
      node.metadata = metadata();
      for (std::uint64_t graphs = number(); graphs > 0; --graphs) node.graph.push_back(this->graph());
      graph.nodes.emplace(name, std::move(node));
    }
    for (std::uint64_t left = number(); left > 0; --left) {
      std::string from = text();
      graph.edges.push_back({std::move(from), text()});
    }
    graph.metadata = metadata();
    return graph;
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::size_t fits(std::uint64_t count, std::size_t size) const {
    if (count > (bytes_.size() - at_) / size) throw std::out_of_range("GraphParser");
    return count;
  }
  void take(void* to, std::size_t size) {
    if (size > bytes_.size() - at_) throw std::out_of_range("GraphParser");
    if (size != 0) std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace spikeloom

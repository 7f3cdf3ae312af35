// Writes small NIR files, right and wrong ones, through HDF5.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/model/network.hpp"

namespace spikeloom::test {

class NirFile {
 public:
  enum class Storage { kPlain, kCompressed };  ///< the two generations of writers
  enum class Number { kF4, kF8, kI8 };

  NirFile(std::string path, Storage storage);
  ~NirFile();
  NirFile(const NirFile&) = delete;
  NirFile& operator=(const NirFile&) = delete;

  /// `where` is a path in the file; groups on the way are made, what was there is replaced.
  void text(const std::string& where, const std::string& value);
  void fixed_text(const std::string& where, const std::string& value);
  void texts(const std::string& where, const Shape& shape, const std::vector<std::string>& values);
  void numbers(const std::string& where, const Shape& shape, const std::vector<double>& values,
               Number number = Number::kF4);
  /// A dataset of that shape of which nothing was ever written.
  void unwritten(const std::string& where, const Shape& shape);
  void group(const std::string& where);
  void link(const std::string& where, const std::string& to);       ///< a soft link
  void hard_link(const std::string& where, const std::string& to);  ///< to what exists
  void external_link(const std::string& where);
  void remove(const std::string& where);

  void node(const std::string& name, const std::string& type) { text("node/nodes/" + name + "/type", type); }
  void field(const std::string& node, const std::string& name, const Shape& shape,
             const std::vector<double>& values, Number number = Number::kF4) {
    numbers("node/nodes/" + node + "/" + name, shape, values, number);
  }
  void edges(const std::vector<std::pair<std::string, std::string>>& list, const std::string& graph = "node");

  /// Flushes and closes; the path for reading it.
  const std::string& close();

 private:
  void drop(const std::string& where);

  std::string path_;
  Storage storage_;
  long file_;
};

/// input(2) - fc Affine(3,2) - lif LIF(3) - output(3): every field a file of 1.0 has.
void write_small(NirFile& file);

/// A file of a folder that is removed when the test program ends.
std::string temporary(const std::string& name);

}  // namespace spikeloom::test

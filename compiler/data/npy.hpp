// Arrays in NumPy's .npy format, versions 1 to 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spikeloom {

/// The element types that are read and written; all little-endian.
enum class ElementType { kBool, kU1, kI1, kU2, kI2, kU4, kI4, kU8, kI8, kF4, kF8, kText };

/// NumPy's name of it without byte order: "u1", "f8", …; "b1" for bool and "U" for text.
[[nodiscard]] std::string_view name_of(ElementType type);

/// An n-dimensional array in C order. A file in Fortran order is turned round when it is read.
class Array {
 public:
  Array() = default;
  /// Throws Error{kInput} when there are not exactly as many values as the shape holds.
  [[nodiscard]] static Array of_bytes(std::vector<std::size_t> shape, std::vector<std::uint8_t> values);
  [[nodiscard]] static Array of_i4(std::vector<std::size_t> shape, std::span<const std::int32_t> values);
  [[nodiscard]] static Array of_i8(std::vector<std::size_t> shape, std::span<const std::int64_t> values);
  [[nodiscard]] static Array of_f8(std::vector<std::size_t> shape, std::span<const double> values);
  /// One-dimensional array of texts; `of_text` with an empty shape holds one.
  [[nodiscard]] static Array of_texts(std::vector<std::string> values);
  [[nodiscard]] static Array of_text(std::string value);

  [[nodiscard]] ElementType type() const { return type_; }
  [[nodiscard]] const std::vector<std::size_t>& shape() const { return shape_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_text() const { return type_ == ElementType::kText; }
  [[nodiscard]] bool is_real() const { return type_ == ElementType::kF4 || type_ == ElementType::kF8; }

  /// Element `at` in C order as a real number; integers beyond 2^53 lose digits. Numbers only.
  [[nodiscard]] double real(std::size_t at) const;
  /// Element `at` as an integer. Throws Error{kInput} where it is none (2.5, NaN, beyond 64 bits).
  [[nodiscard]] std::int64_t integer(std::size_t at) const;
  /// Text arrays only.
  [[nodiscard]] const std::string& text(std::size_t at) const { return texts_.at(at); }
  /// "0.5" or "3" or "accumulate", for messages.
  [[nodiscard]] std::string print(std::size_t at) const;
  /// "u1 (360, 64)".
  [[nodiscard]] std::string describe() const;

  /// The bytes of a .npy file, version 1. The same array always gives the same bytes.
  [[nodiscard]] std::vector<std::uint8_t> to_npy() const;

 private:
  friend std::variant<Array, std::vector<std::pair<std::string, Array>>> parse_any_npy(
      std::span<const std::uint8_t> bytes);
  ElementType type_ = ElementType::kU1;
  std::vector<std::size_t> shape_{0};
  std::size_t size_ = 0;
  std::vector<std::uint8_t> bytes_;  ///< numbers, C order, little-endian
  std::vector<std::string> texts_;   ///< or texts, UTF-8
};

/// "(360, 64)"; "()" for a scalar.
[[nodiscard]] std::string print_shape(std::span<const std::size_t> shape);

/// Reads one .npy file.
///
/// Throws  Error{kInput} that says what is wrong: not .npy, a type that is not in ElementType by its
///         name (big-endian, f2, complex, object, structured, …), too few or too many bytes.
/// Source  NumPy's format description, numpy.lib.format.
[[nodiscard]] Array parse_npy(std::span<const std::uint8_t> bytes);

/// The fields of a structured array of one dimension, in their order, as arrays of equal length. Padding is
/// left out; big-endian fields are turned round.
using Records = std::vector<std::pair<std::string, Array>>;

/// The same for plain and structured arrays.
[[nodiscard]] std::variant<Array, Records> parse_any_npy(std::span<const std::uint8_t> bytes);

}  // namespace spikeloom

// What every reader of HDF5 files needs of that library, without its header.
#pragma once

#include <cstdint>
#include <utility>

namespace spikeloom {

/// An id of the HDF5 library (hid_t) that closes itself; below 0 where the library gave none.
class Hdf5Handle {
 public:
  using Close = int (*)(std::int64_t);  ///< H5Gclose, H5Dclose, …
  Hdf5Handle(std::int64_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  [[nodiscard]] std::int64_t id() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }

 private:
  std::int64_t id_;
  Close close_;
};

/// The HDF5 library prints its own errors; not while one of these lives. What was set before comes back.
class QuietHdf5 {
 public:
  QuietHdf5();
  ~QuietHdf5();
  QuietHdf5(const QuietHdf5&) = delete;
  QuietHdf5& operator=(const QuietHdf5&) = delete;

 private:
  int (*function_)(std::int64_t, void*) = nullptr;
  void* data_ = nullptr;
};

}  // namespace spikeloom

/* Loaded into a test's Redis (LD_PRELOAD): the wall clock says what the file HELD_CLOCK says, in microseconds since
 * 1970, and stands still until the test writes another time. All other clocks run on. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *held;

__attribute__((constructor)) static void take_hold(void) {
  const char *path = getenv("HELD_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, sizeof *held, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) held = page;
}

int clock_gettime(clockid_t id, struct timespec *time) {
  if (!held || id != CLOCK_REALTIME) return (int)syscall(SYS_clock_gettime, id, time);
  int64_t now = *held;
  time->tv_sec = now / 1000000;
  time->tv_nsec = now % 1000000 * 1000;
  return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

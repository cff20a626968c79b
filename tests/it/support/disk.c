/* Loaded into a test's sidecar (LD_PRELOAD): for what its export thread does to files the disk is as the file DISK says,
 * "slow": each sync takes 3 s; "read-only": nothing is written, made or cut. Where there is no such file it is as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int disk_is(char first)
{
    char name[16], said = 0;
    int fd;
    if (pthread_getname_np(pthread_self(), name, sizeof name) || strcmp(name, "export"))
        return 0;
    if ((fd = (int)syscall(SYS_openat, AT_FDCWD, getenv("DISK"), O_RDONLY, 0)) < 0)
        return 0;
    ssize_t got = read(fd, &said, 1);
    syscall(SYS_close, fd);
    return got == 1 && said == first;
}

static int refused(void)
{
    return disk_is('r') && (errno = EROFS);
}

static void wait_for_disk(void)
{
    static const struct timespec moment = {.tv_nsec = 20000000};
    for (int n = 0; n < 150 && disk_is('s'); n++)
        nanosleep(&moment, NULL);
}

int fdatasync(int fd) { return wait_for_disk(), (int)syscall(SYS_fdatasync, fd); }
int fsync(int fd) { return wait_for_disk(), (int)syscall(SYS_fsync, fd); }
int ftruncate64(int fd, off64_t to) { return refused() ? -1 : (int)syscall(SYS_ftruncate, fd, to); }
int mkdir(const char *path, mode_t mode) { return refused() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    return refused() ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if ((flags & O_ACCMODE) != O_RDONLY && refused())
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

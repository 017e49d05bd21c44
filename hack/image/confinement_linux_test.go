// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// user is the number of the image's user and group.
const user = 65532

// confinement is a way to run the program of an unpacked image. A test cannot ask for root or for user namespaces
// everywhere, so there are several.
type confinement struct {
	name       string
	attributes syscall.SysProcAttr
	// isMounted: the folder becomes a root that cannot be written to. isRoot: the process has to change its user itself.
	isMounted, isRoot bool
	// isBare: there is no confinement.
	isBare bool
	// expected are lines of files in /proc/PID that prove it.
	expected map[string]string
}

const (
	noRights   = `^CapEff:\s0+$(.|\n)*^NoNewPrivs:\s1$`
	isUser     = `^Uid:\s65532\s65532\s65532\s65532$\n^Gid:\s65532\s65532\s65532\s65532$\n(.|\n)*^Groups:\s*$(.|\n)*`
	isReadOnly = ` / ro,`
)

// confinements are all ways, the strongest first.
func confinements() []confinement {
	mapping := []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}}
	groups := []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}}
	all := []confinement{
		{
			name:       "a read-only root in a mount namespace, by root",
			attributes: syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS},
			isMounted:  true, isRoot: true,
			expected: map[string]string{"status": isUser + noRights, "mountinfo": isReadOnly},
		},
		{
			name: "a read-only root in a mount namespace, in a user namespace",
			attributes: syscall.SysProcAttr{
				Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, UidMappings: mapping, GidMappings: groups,
				AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT},
			},
			isMounted: true,
			expected:  map[string]string{"status": noRights, "mountinfo": isReadOnly, "uid_map": `^\s*65532\s`, "gid_map": `^\s*65532\s`},
		},
		{
			name:   "a root whose files are those of another user, by root",
			isRoot: true, expected: map[string]string{"status": isUser + noRights},
		},
		{
			name:   "nothing, since this machine permits neither: weaker than on a node",
			isBare: true,
		},
	}
	return slices.DeleteFunc(all, func(c confinement) bool { return c.isRoot && os.Getuid() != 0 })
}

// stage is the variable that makes this program confine itself and become that of the image.
const stage = "IMAGE_TEST_CONFINEMENT"

// command runs the program of the image in the folder. It has no environment.
func (c confinement) command(folder string, arguments ...string) *exec.Cmd {
	if c.isBare {
		command := exec.Command(filepath.Join(folder, image.Program), arguments...)
		command.Env = []string{"PATH="}
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return command
	}
	command := exec.Command("/proc/self/exe", append([]string{folder}, arguments...)...)
	command.Env = []string{fmt.Sprintf("%s=mounted:%t,root:%t", stage, c.isMounted, c.isRoot)}
	attributes := c.attributes
	command.SysProcAttr = &attributes
	return command
}

// init is the second half of command, in the process that it starts.
func init() {
	if how := os.Getenv(stage); how != "" {
		fmt.Fprintln(os.Stderr, "confine:", confine(os.Args[1], strings.Contains(how, "mounted:true"), strings.Contains(how, "root:true")))
		os.Exit(1)
	}
}

// step is a system call, and what it is for.
type step struct {
	name string
	do   func() error
}

// confine returns only after an error.
func confine(folder string, isMounted, isRoot bool) error {
	runtime.LockOSThread()
	var steps []step
	if isMounted {
		steps = append(steps,
			step{"keep mounts to itself", func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }},
			step{"mount the folder", func() error { return unix.Mount(folder, folder, "", unix.MS_BIND|unix.MS_REC, "") }},
			step{"make it read-only", func() error {
				return unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "")
			}})
	}
	steps = append(steps,
		step{"change the root", func() error { return unix.Chroot(folder) }},
		step{"go there", func() error { return unix.Chdir("/") }})
	if isRoot {
		steps = append(steps,
			step{"leave all groups", func() error { return syscall.Setgroups(nil) }},
			step{"take the group", func() error { return syscall.Setgid(user) }},
			step{"take the user", func() error { return syscall.Setuid(user) }})
	}
	steps = append(steps,
		step{"drop what is handed on", func() error { return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) }},
		step{"get no more rights", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		step{"end with the test", func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0) }},
		step{"become the program of the image", func() error {
			environment := slices.DeleteFunc(os.Environ(), func(one string) bool { return strings.HasPrefix(one, stage+"=") })
			return syscall.Exec(image.Program, append([]string{image.Program}, os.Args[2:]...), environment)
		}})
	for _, one := range steps {
		if err := one.do(); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

// One binary that is etcd, kube-apiserver, kube-controller-manager or kube-scheduler, by its first argument.
// One link instead of four: linking is what a cached build spends its time on.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
	_ "time/tzdata" // CronJobs with a time zone, on machines without a zone database

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// parentVariable names the environment variable with the process id that this process must not outlive.
const parentVariable = "CONTROLPLANE_PARENT"

// dieWithParent ends this process soon after its parent is gone, however the parent went.
//
// PR_SET_PDEATHSIG would be the obvious way, but it fires when the *thread* that forked us ends, and a test may well
// start the control plane from a worker thread. The parent's id changes only when the whole process is gone.
func dieWithParent() {
	parent, err := strconv.Atoi(os.Getenv(parentVariable))
	if err != nil {
		return
	}
	go func() {
		for os.Getppid() == parent {
			time.Sleep(100 * time.Millisecond)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
}

// guard runs another program (one that we do not compile, such as kwok) under the same rule.
func guard(argv []string) int {
	if len(argv) > 0 && argv[0] == "--" {
		argv = argv[1:]
	}
	if len(argv) == 0 {
		fmt.Fprintln(os.Stderr, "usage: controlplane guard -- PROGRAM [ARGUMENT...]")
		return 2
	}
	// Here the death signal is right: this goroutine stays on the main thread, which ends with this process only.
	runtime.LockOSThread()
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane guard:", err)
		return 1
	}
	go func() {
		for received := range signals {
			_ = command.Process.Signal(received)
		}
	}()
	if err := command.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane guard:", err)
		return 1
	}
	return 0
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|guard [ARGUMENT...]")
		os.Exit(2)
	}
	dieWithParent()
	name := os.Args[1]
	arguments := os.Args[2:]
	os.Args = append([]string{name}, arguments...)
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(manager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "guard":
		os.Exit(guard(arguments))
	default:
		fmt.Fprintf(os.Stderr, "controlplane: no program named %q\n", name)
		os.Exit(2)
	}
}

// Package fleet holds the connections to the clusters that the operator is told about.
//
// Their kubeconfigs are foreign: whoever may write one decides whom the operator talks to, and with which credentials.
// Screen makes a configuration of one that runs no program, reads no file, trusts nobody without a certificate, and
// reaches no address that only the operator's own machine can reach. What a cluster does wrong appears as one of a fixed
// set of reasons (see ReasonOf), never in words of its own.
package fleet

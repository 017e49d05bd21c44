// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The condition types. A condition that rolls up over releases or clusters takes the first status of its order that any
// of them has. Ready and ExpiringSoon are on all three kinds, Supported on ClusterSupport and SupportPolicy.
const (
	// ConditionReady tells whether the object is valid and was evaluated. It never tells whether all is supported: a
	// day on the calendar or a dead cluster must not break the sync of a Git repository.
	// True is good; True comes with the first evaluation.
	ConditionReady = "Ready"

	// ConditionReachable, on ClusterSupport, tells the last contact with the cluster. True is good; Unknown before the
	// first contact.
	ConditionReachable = "Reachable"

	// ConditionSupported tells whether the vendor supports what is installed. True is good. Order: False, Unknown, True.
	ConditionSupported = "Supported"

	// ConditionCompatible, on ClusterSupport, tells whether the installed releases may run together and on this
	// Kubernetes. True is good. Order: False, Unknown, True.
	ConditionCompatible = "Compatible"

	// ConditionExpiringSoon tells whether something that is supported now has an announced end within the policy's
	// expiringSoonDays. False is good. Order: True, Unknown, False.
	ConditionExpiringSoon = "ExpiringSoon"

	// ConditionUpgradeRecommended, on ClusterSupport, tells whether there is a release that should replace an installed
	// one. False is good. Order: True, Unknown, False.
	ConditionUpgradeRecommended = "UpgradeRecommended"

	// ConditionStalled is present while it is True: the spec has an error that only a person can mend.
	ConditionStalled = "Stalled"

	// ConditionReconciling is present while it is True: work is under way that takes longer than one evaluation.
	ConditionReconciling = "Reconciling"

	// ConditionActive, on SupportException, tells whether the exception covers anything at present. It is neither good nor
	// bad.
	ConditionActive = "Active"

	// ConditionConflicting, on SupportPolicy, is present while it is True: another policy of the same priority speaks
	// about the same product on the same cluster.
	ConditionConflicting = "Conflicting"
)

// The reasons of Ready, Stalled, Reconciling and Conflicting.
const (
	// ReasonEvaluated: Ready is True, the object is valid and its status is the result.
	ReasonEvaluated = "Evaluated"
	// ReasonInvalidPolicy: Ready is False and Stalled is True on a policy that the validator refuses. The message has
	// the path of each field, what was found and what is allowed.
	ReasonInvalidPolicy = "InvalidPolicy"
	// ReasonInvalidSpec: Ready is False and Stalled is True on a ClusterSupport that the validator refuses.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonInvalidException: Ready is False and Stalled is True on a SupportException that the validator refuses. It covers
	// nothing.
	ReasonInvalidException = "InvalidException"
	// ReasonHostNotAllowed: Ready is False and Stalled is True on a ClusterSupport that claims to be the host cluster and
	// is not the object "host" in the operator's own namespace.
	ReasonHostNotAllowed = "HostNotAllowed"
	// ReasonClusterChanged: Ready is False and Stalled is True on a ClusterSupport whose spec.cluster is not the one that its
	// status describes. Another cluster is another object.
	ReasonClusterChanged = "ClusterChanged"
	// ReasonConnecting: Reconciling is True while the first look at the cluster is under way.
	ReasonConnecting = "Connecting"
	// ReasonConflictingPolicies: several policies of equal priority speak about one product on one cluster. Conflicting
	// is True on each of them; what they would decide is Unknown.
	ReasonConflictingPolicies = "ConflictingPolicies"
)

// The reasons of Reachable.
const (
	// ReasonConnected: the cluster answers.
	ReasonConnected = "Connected"
	// ReasonNotContacted: the cluster was not contacted yet. Supported and its peers carry it too, as Unknown, while
	// nothing was ever observed.
	ReasonNotContacted = "NotContacted"
	// ReasonUnreachable: the cluster does not answer; the last known releases are still evaluated as time passes, as they
	// are with all reasons below.
	ReasonUnreachable = "Unreachable"
	// ReasonNotJoined: the KommanderCluster has not joined, or no longer is. Reachable is Unknown.
	ReasonNotJoined = "NotJoined"
	// ReasonHubUnknown: what the reference needs cannot be looked up in the operator's own cluster. Reachable is Unknown.
	ReasonHubUnknown = "HubUnknown"
	// ReasonKommanderClusterMissing: there is no KommanderCluster of that name in the namespace.
	ReasonKommanderClusterMissing = "KommanderClusterMissing"
	// ReasonClusterAPIClusterMissing: there is no Cluster of Cluster API of that name in the namespace.
	ReasonClusterAPIClusterMissing = "ClusterAPIClusterMissing"
	// ReasonSecretNotAllowed: the operator was not told to read Secrets of the namespace (--kubeconfig-namespaces).
	ReasonSecretNotAllowed = "SecretNotAllowed"
	// ReasonSecretMissing: there is no Secret of that name, or nothing names one yet.
	ReasonSecretMissing = "SecretMissing"
	// ReasonSecretUnreadable: the Secret cannot be read, such as for lack of the right to.
	ReasonSecretUnreadable = "SecretUnreadable"
	// ReasonKubeconfigMissing: the Secret has no kubeconfig under the key.
	ReasonKubeconfigMissing = "KubeconfigMissing"
	// ReasonInvalidKubeconfig: the kubeconfig cannot be used by anybody. Ready is False and Stalled is True with it.
	ReasonInvalidKubeconfig = "InvalidKubeconfig"
	// ReasonInsecureKubeconfig: the kubeconfig would have the operator do what it does not; the message names the field.
	// Ready is False and Stalled is True with it.
	ReasonInsecureKubeconfig = "InsecureKubeconfig"
	// ReasonUnresolvable: the host in the kubeconfig has no address.
	ReasonUnresolvable = "Unresolvable"
	// ReasonAddressNotAllowed: the host in the kubeconfig has only addresses that a kubeconfig may not name.
	ReasonAddressNotAllowed = "AddressNotAllowed"
	// ReasonConnectionRefused: nobody listens at the address of the API server.
	ReasonConnectionRefused = "ConnectionRefused"
	// ReasonProxyFailed: the proxy in the kubeconfig makes no connection to the API server.
	ReasonProxyFailed = "ProxyFailed"
	// ReasonHandshakeFailed: no encrypted connection comes about.
	ReasonHandshakeFailed = "HandshakeFailed"
	// ReasonCertificateInvalid: the certificate of the API server cannot be verified.
	ReasonCertificateInvalid = "CertificateInvalid"
	// ReasonRedirected: the API server, or what is in its place, sends the operator elsewhere.
	ReasonRedirected = "Redirected"
	// ReasonUnauthorized: the API server refuses the credentials (401).
	ReasonUnauthorized = "Unauthorized"
	// ReasonFailing: the API server answers with errors, to everything or to one question.
	ReasonFailing = "Failing"
	// ReasonGarbage: what answers is not an API server.
	ReasonGarbage = "Garbage"
)

// The reasons of Active, and of findings of type Exception.
const (
	// ReasonExceptionRunning: the exception has not ended. Of a finding: it covers the release.
	ReasonExceptionRunning = "ExceptionRunning"
	// ReasonExceptionEnded: the last covered day has passed. Of a finding: it covered the release until then.
	ReasonExceptionEnded = "ExceptionEnded"
	// ReasonExceptionEndsSoon: the exception on which a release rests is about to end. It makes ExpiringSoon True.
	ReasonExceptionEndsSoon = "ExceptionEndsSoon"
)

// The reasons of Supported, and of the findings that feed it (types Lifecycle, PreRelease, Channel and Experimental).
const (
	// ReasonSupported: the release is within its support.
	ReasonSupported = "Supported"
	// ReasonLastInWindow: the release is supported, and the next minor to become generally available ends that, on a day
	// that may be announced or not. As a reason of UpgradeRecommended it recommends to go to a newer minor before.
	ReasonLastInWindow = "LastInWindow"
	// ReasonSupportEnded: the support of the minor is over. As a reason of ExpiringSoon, which is then False: there is
	// nothing left to expire. As a reason of UpgradeRecommended: only an upgrade makes it supported again.
	ReasonSupportEnded = "SupportEnded"
	// ReasonWithdrawn: the vendor withdrew the minor. It feeds Supported and UpgradeRecommended.
	ReasonWithdrawn = "Withdrawn"
	// ReasonNotSupported, of ExpiringSoon and UpgradeRecommended: the release never was supported, so nothing expires, and
	// only another release is supported.
	ReasonNotSupported = "NotSupported"
	// ReasonNotYetSupported: only releases that are not generally available yet contain this Kubernetes version.
	ReasonNotYetSupported = "NotYetSupported"
	// ReasonNotInAnyRange: no release of the products that decide ever contained this Kubernetes version, and it is
	// not newer than all of them.
	ReasonNotInAnyRange = "NotInAnyRange"
	// ReasonPreRelease: the installed version is a prerelease.
	ReasonPreRelease = "PreRelease"
	// ReasonUnsupportedChannel: the tag is not from the stable channel, or is a prerelease on it.
	ReasonUnsupportedChannel = "UnsupportedChannel"
	// ReasonExperimental: the component is experimental or a technical preview, and the cluster is declared not to be a
	// production cluster: level Limited, Severity 4, Standard. A finding only.
	ReasonExperimental = "Experimental"
	// ReasonExperimentalInProduction: an experimental component is on a production cluster, which is prohibited.
	ReasonExperimentalInProduction = "ExperimentalInProduction"
	// ReasonExperimentalUndeclared: an experimental component is on a cluster of which nobody has said whether it is a
	// production cluster. A finding only; it says how to declare it.
	ReasonExperimentalUndeclared = "ExperimentalUndeclared"
	// ReasonNotInPolicy: the policy does not list the minor, so it is out of date. Unknown.
	ReasonNotInPolicy = "NotInPolicy"
	// ReasonNotYetAvailable: a final version is installed of a minor that, by the policy, is not generally available
	// yet, so the policy is out of date. Unknown.
	ReasonNotYetAvailable = "NotYetAvailable"
	// ReasonVersionUnknown: the product is installed and nothing tells its version. Unknown.
	ReasonVersionUnknown = "VersionUnknown"
	// ReasonUnreadableVersion: what should be a version or a tag cannot be read as one. Unknown.
	ReasonUnreadableVersion = "UnreadableVersion"
	// ReasonNotUnderstood: the status of a release, which a newer operator wrote, has a state or a source of evidence that this
	// version does not know, and the cluster was not observed since. Unknown.
	ReasonNotUnderstood = "NotUnderstood"
	// ReasonForbidden: the cluster does not let the operator look whether the product is there. Unknown.
	ReasonForbidden = "Forbidden"
	// ReasonNoPolicy: no policy speaks about the product on this cluster, or one that is needed is missing. Unknown.
	ReasonNoPolicy = "NoPolicy"
	// ReasonPolicyInvalid: the policy that would decide is invalid and decides nothing. Unknown.
	ReasonPolicyInvalid = "PolicyInvalid"
	// ReasonPlannedReleaseOverdue: a planned day has passed and nothing confirmed it. Nothing ends by that; the day is
	// to be confirmed or moved. A finding only.
	ReasonPlannedReleaseOverdue = "PlannedReleaseOverdue"
	// ReasonNothingToCheck: there is nothing that the condition could be about.
	ReasonNothingToCheck = "NothingToCheck"
	// ReasonNoClusters: the policy decides on no cluster.
	ReasonNoClusters = "NoClusters"
)

// The reasons of Compatible, and of the findings that feed it (types Requires, KubernetesRange, KubernetesPart
// and OperatingSystem).
const (
	// ReasonCompatible: all that was checked is allowed.
	ReasonCompatible = "Compatible"
	// ReasonProhibitedCombination: a product on which the release must run has a version that the release does not allow.
	ReasonProhibitedCombination = "ProhibitedCombination"
	// ReasonRequirementUnknown: the product on which the release must run is there, and its version is not known, or was
	// concluded from that of the release itself, which proves nothing.
	ReasonRequirementUnknown = "RequirementUnknown"
	// ReasonOutsideKubernetesRange: the cluster's Kubernetes is not in the release's range.
	ReasonOutsideKubernetesRange = "OutsideKubernetesRange"
	// ReasonOutsideAttachRange: the cluster's Kubernetes is not in the range that the managing Kommander allows for attached
	// clusters.
	ReasonOutsideAttachRange = "OutsideAttachRange"
	// ReasonManagerUnknown: the version of the Kommander that manages the cluster is not known, or its policy does not list
	// it. Unknown.
	ReasonManagerUnknown = "ManagerUnknown"
	// ReasonKubernetesUnknown: the cluster's Kubernetes version is not known or cannot be read.
	ReasonKubernetesUnknown = "KubernetesUnknown"
	// ReasonKubernetesMismatch: the Kubernetes part of the tag is not the cluster's minor.
	ReasonKubernetesMismatch = "KubernetesMismatch"
	// ReasonUnsupportedOperatingSystem: nodes run an operating system that other releases of the policy support and this
	// one does not.
	ReasonUnsupportedOperatingSystem = "UnsupportedOperatingSystem"
	// ReasonKernelNotListed: nodes run an operating system that the release supports, with a kernel that the vendor does
	// not name. Unknown.
	ReasonKernelNotListed = "KernelNotListed"
	// ReasonOperatingSystemNotInPolicy: nodes run an operating system that the policy lists nowhere. Unknown.
	ReasonOperatingSystemNotInPolicy = "OperatingSystemNotInPolicy"
	// ReasonNodesUnknown: what the nodes run is not known. Unknown.
	ReasonNodesUnknown = "NodesUnknown"
)

// The reasons of ExpiringSoon that are not among the above.
const (
	// ReasonSupportEndsSoon: a supported release has an announced end within expiringSoonDays.
	ReasonSupportEndsSoon = "SupportEndsSoon"
	// ReasonEndNotNear: all announced ends are further away.
	ReasonEndNotNear = "EndNotNear"
	// ReasonEndNotAnnounced: the release is supported and no end is announced.
	ReasonEndNotAnnounced = "EndNotAnnounced"
)

// The reasons of UpgradeRecommended, and of the findings that feed it (type Upgrade), that are not among the above.
const (
	// ReasonNewerPatch: a newer patch of the installed minor is out.
	ReasonNewerPatch = "NewerPatch"
	// ReasonAvoid: the installed patch is one that the vendor says to avoid.
	ReasonAvoid = "Avoid"
	// ReasonUpToDate: there is no release that should replace an installed one.
	ReasonUpToDate = "UpToDate"
)

// The reasons of findings of type Evidence. They feed no condition.
const (
	// ReasonConflictingEvidence: what was found in the cluster disagrees on MAJOR.MINOR; the strongest evidence was taken.
	ReasonConflictingEvidence = "ConflictingEvidence"
	// ReasonMixedRefs: the addons of one repository carry different tags; the oldest was taken.
	ReasonMixedRefs = "MixedRefs"
	// ReasonUnpinnedRef: the addons were installed from a branch such as master, which is no release.
	ReasonUnpinnedRef = "UnpinnedRef"
	// ReasonModifiedDistribution: the release was installed from a copy of the vendor's repository that somebody else
	// owns.
	ReasonModifiedDistribution = "ModifiedDistribution"
	// ReasonUpgradeInProgress: what is known is the version that ought to be there; nothing confirms yet that it is.
	ReasonUpgradeInProgress = "UpgradeInProgress"
	// ReasonMigrationInProgress: two generations of a product are installed side by side.
	ReasonMigrationInProgress = "MigrationInProgress"
	// ReasonFederatedAddons: addons that a Kommander put into the cluster tell no release; they belong to that Kommander.
	ReasonFederatedAddons = "FederatedAddons"
	// ReasonDuplicateCluster: an older object stands for the same cluster. This one keeps its verdict, and policies do not
	// count it.
	ReasonDuplicateCluster = "DuplicateCluster"
	// ReasonDeclarationIgnored: what was declared means no installation, because the cluster shows several, or shows
	// itself what was declared.
	ReasonDeclarationIgnored = "DeclarationIgnored"
)

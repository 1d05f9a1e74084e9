/**
 * The fields of a pod, in the order in which Go writes them, as `field_table.ts` reads them: Kubernetes' API v1 (k8s.io/api v0.35.3, core/v1
 * and meta/v1). Printed by `istioinject -tables`, which a test holds this table against; `status` is left out.
 */
export const POD_STRUCTS: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource:
    "volumeID string always, fsType=FSType string, partition int32, readOnly bool",
  Affinity:
    "nodeAffinity *NodeAffinity, podAffinity *PodAffinity, podAntiAffinity *PodAntiAffinity",
  AppArmorProfile: "type string always, localhostProfile *string",
  AzureDiskVolumeSource:
    "diskName string always, diskURI=DataDiskURI string always, cachingMode *string, " +
    "fsType=FSType *string, readOnly *bool, kind *string",
  AzureFileVolumeSource: "secretName string always, shareName string always, readOnly bool",
  CSIVolumeSource:
    "driver string always, readOnly *bool, fsType=FSType *string, volumeAttributes {}string, " +
    "nodePublishSecretRef *LocalObjectReference",
  Capabilities: "add []string, drop []string",
  CephFSVolumeSource: "monitors []string always, path string, user string, secretFile string, " +
    "secretRef *LocalObjectReference, readOnly bool",
  CinderVolumeSource: "volumeID string always, fsType=FSType string, readOnly bool, " +
    "secretRef *LocalObjectReference",
  ClusterTrustBundleProjection:
    "name *string, signerName *string, labelSelector *LabelSelector, optional *bool, " +
    "path string always",
  ConfigMapEnvSource: "name string, optional *bool",
  ConfigMapKeySelector: "name string, key string always, optional *bool",
  ConfigMapProjection: "name string, items []KeyToPath, optional *bool",
  ConfigMapVolumeSource: "name string, items []KeyToPath, defaultMode *int32, optional *bool",
  Container:
    "name string always, image string, command []string, args []string, workingDir string, " +
    "ports []ContainerPort merge=containerPort, envFrom []EnvFromSource, " +
    "env []EnvVar merge=name, resources ResourceRequirements, " +
    "resizePolicy []ContainerResizePolicy, restartPolicy *string, " +
    "restartPolicyRules []ContainerRestartRule, volumeMounts []VolumeMount merge=mountPath, " +
    "volumeDevices []VolumeDevice merge=devicePath, livenessProbe *Probe, " +
    "readinessProbe *Probe, startupProbe *Probe, lifecycle *Lifecycle, " +
    "terminationMessagePath string, terminationMessagePolicy string, imagePullPolicy string, " +
    "securityContext *SecurityContext, stdin bool, stdinOnce bool, tty=TTY bool",
  ContainerPort:
    "name string, hostPort int32, containerPort int32 always, protocol string, hostIP string",
  ContainerResizePolicy: "resourceName string always, restartPolicy string always",
  ContainerRestartRule: "action string, exitCodes *ContainerRestartRuleOnExitCodes",
  ContainerRestartRuleOnExitCodes: "operator string, values []int32",
  DownwardAPIProjection: "items []DownwardAPIVolumeFile",
  DownwardAPIVolumeFile: "path string always, fieldRef *ObjectFieldSelector, " +
    "resourceFieldRef *ResourceFieldSelector, mode *int32",
  DownwardAPIVolumeSource: "items []DownwardAPIVolumeFile, defaultMode *int32",
  EmptyDirVolumeSource: "medium string, sizeLimit *quantity",
  EnvFromSource: "prefix string, configMapRef *ConfigMapEnvSource, secretRef *SecretEnvSource",
  EnvVar: "name string always, value string, valueFrom *EnvVarSource",
  EnvVarSource: "fieldRef *ObjectFieldSelector, resourceFieldRef *ResourceFieldSelector, " +
    "configMapKeyRef *ConfigMapKeySelector, secretKeyRef *SecretKeySelector, " +
    "fileKeyRef *FileKeySelector",
  EphemeralContainer:
    "name string always, image string, command []string, args []string, workingDir string, " +
    "ports []ContainerPort merge=containerPort, envFrom []EnvFromSource, " +
    "env []EnvVar merge=name, resources ResourceRequirements, " +
    "resizePolicy []ContainerResizePolicy, restartPolicy *string, " +
    "restartPolicyRules []ContainerRestartRule, volumeMounts []VolumeMount merge=mountPath, " +
    "volumeDevices []VolumeDevice merge=devicePath, livenessProbe *Probe, " +
    "readinessProbe *Probe, startupProbe *Probe, lifecycle *Lifecycle, " +
    "terminationMessagePath string, terminationMessagePolicy string, imagePullPolicy string, " +
    "securityContext *SecurityContext, stdin bool, stdinOnce bool, tty=TTY bool, " +
    "targetContainerName string",
  EphemeralVolumeSource: "volumeClaimTemplate *PersistentVolumeClaimTemplate",
  ExecAction: "command []string",
  FCVolumeSource: "targetWWNs []string, lun *int32, fsType=FSType string, readOnly bool, " +
    "wwids=WWIDs []string",
  FileKeySelector:
    "volumeName string always, path string always, key string always, optional *bool",
  FlexVolumeSource:
    "driver string always, fsType=FSType string, secretRef *LocalObjectReference, " +
    "readOnly bool, options {}string",
  FlockerVolumeSource: "datasetName string, datasetUUID string",
  GCEPersistentDiskVolumeSource:
    "pdName=PDName string always, fsType=FSType string, partition int32, readOnly bool",
  GRPCAction: "port int32 always, service *string always",
  GitRepoVolumeSource: "repository string always, revision string, directory string",
  GlusterfsVolumeSource: "endpoints=EndpointsName string always, path string always, readOnly bool",
  HTTPGetAction: "path string, port intOrString always, host string, scheme string, " +
    "httpHeaders=HTTPHeaders []HTTPHeader",
  HTTPHeader: "name string always, value string always",
  HostAlias: "ip=IP string always, hostnames []string",
  HostPathVolumeSource: "path string always, type *string",
  ISCSIVolumeSource: "targetPortal string always, iqn=IQN string always, lun int32 always, " +
    "iscsiInterface=ISCSIInterface string, fsType=FSType string, readOnly bool, " +
    "portals []string, chapAuthDiscovery=DiscoveryCHAPAuth bool, " +
    "chapAuthSession=SessionCHAPAuth bool, secretRef *LocalObjectReference, " +
    "initiatorName *string",
  ImageVolumeSource: "reference string, pullPolicy string",
  KeyToPath: "key string always, path string always, mode *int32",
  LabelSelector: "matchLabels {}string, matchExpressions []LabelSelectorRequirement",
  LabelSelectorRequirement: "key string always, operator string always, values []string",
  Lifecycle: "postStart *LifecycleHandler, preStop *LifecycleHandler, stopSignal *string",
  LifecycleHandler:
    "exec *ExecAction, httpGet=HTTPGet *HTTPGetAction, tcpSocket=TCPSocket *TCPSocketAction, " +
    "sleep *SleepAction",
  LocalObjectReference: "name string",
  ManagedFieldsEntry:
    "manager string, operation string, apiVersion=APIVersion string, time *time, " +
    "fieldsType string, fieldsV1 *any, subresource string",
  NFSVolumeSource: "server string always, path string always, readOnly bool",
  NodeAffinity: "requiredDuringSchedulingIgnoredDuringExecution *NodeSelector, " +
    "preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm",
  NodeSelector: "nodeSelectorTerms []NodeSelectorTerm always",
  NodeSelectorRequirement: "key string always, operator string always, values []string",
  NodeSelectorTerm:
    "matchExpressions []NodeSelectorRequirement, matchFields []NodeSelectorRequirement",
  ObjectFieldSelector: "apiVersion=APIVersion string, fieldPath string always",
  ObjectMeta:
    "name string, generateName string, namespace string, selfLink string, uid=UID string, " +
    "resourceVersion string, generation int64, creationTimestamp time, " +
    "deletionTimestamp *time, deletionGracePeriodSeconds *int64, labels {}string, " +
    "annotations {}string, ownerReferences []OwnerReference merge=uid, " +
    "finalizers []string merge, managedFields []ManagedFieldsEntry",
  OwnerReference: "apiVersion=APIVersion string always, kind string always, name string always, " +
    "uid=UID string always, controller *bool, blockOwnerDeletion *bool",
  PersistentVolumeClaimSpec:
    "accessModes []string, selector *LabelSelector, resources VolumeResourceRequirements, " +
    "volumeName string, storageClassName *string, volumeMode *string, " +
    "dataSource *TypedLocalObjectReference, dataSourceRef *TypedObjectReference, " +
    "volumeAttributesClassName *string",
  PersistentVolumeClaimTemplate:
    "metadata=ObjectMeta ObjectMeta, spec PersistentVolumeClaimSpec always",
  PersistentVolumeClaimVolumeSource: "claimName string always, readOnly bool",
  PhotonPersistentDiskVolumeSource: "pdID string always, fsType=FSType string",
  Pod: "kind string, apiVersion=APIVersion string, metadata=ObjectMeta ObjectMeta, spec PodSpec",
  PodAffinity: "requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, " +
    "preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm",
  PodAffinityTerm:
    "labelSelector *LabelSelector, namespaces []string, topologyKey string always, " +
    "namespaceSelector *LabelSelector, matchLabelKeys []string, mismatchLabelKeys []string",
  PodAntiAffinity: "requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, " +
    "preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm",
  PodCertificateProjection: "signerName string, keyType string, maxExpirationSeconds *int32, " +
    "credentialBundlePath string, keyPath string, certificateChainPath string, " +
    "userAnnotations {}string",
  PodDNSConfig: "nameservers []string, searches []string, options []PodDNSConfigOption",
  PodDNSConfigOption: "name string, value *string",
  PodOS: "name string always",
  PodReadinessGate: "conditionType string always",
  PodResourceClaim:
    "name string always, resourceClaimName *string, resourceClaimTemplateName *string",
  PodSchedulingGate: "name string always",
  PodSecurityContext: "seLinuxOptions=SELinuxOptions *SELinuxOptions, " +
    "windowsOptions *WindowsSecurityContextOptions, runAsUser *int64, runAsGroup *int64, " +
    "runAsNonRoot *bool, supplementalGroups []int64, supplementalGroupsPolicy *string, " +
    "fsGroup=FSGroup *int64, sysctls []Sysctl, " +
    "fsGroupChangePolicy=FSGroupChangePolicy *string, seccompProfile *SeccompProfile, " +
    "appArmorProfile *AppArmorProfile, seLinuxChangePolicy=SELinuxChangePolicy *string",
  PodSpec: "volumes []Volume merge=name, initContainers []Container merge=name, " +
    "containers []Container always merge=name, " +
    "ephemeralContainers []EphemeralContainer merge=name, restartPolicy string, " +
    "terminationGracePeriodSeconds *int64, activeDeadlineSeconds *int64, " +
    "dnsPolicy=DNSPolicy string, nodeSelector {}string, serviceAccountName string, " +
    "serviceAccount=DeprecatedServiceAccount string, automountServiceAccountToken *bool, " +
    "nodeName string, hostNetwork bool, hostPID bool, hostIPC bool, " +
    "shareProcessNamespace *bool, securityContext *PodSecurityContext, " +
    "imagePullSecrets []LocalObjectReference merge=name, hostname string, subdomain string, " +
    "affinity *Affinity, schedulerName string, tolerations []Toleration, " +
    "hostAliases []HostAlias merge=ip, priorityClassName string, priority *int32, " +
    "dnsConfig=DNSConfig *PodDNSConfig, readinessGates []PodReadinessGate, " +
    "runtimeClassName *string, enableServiceLinks *bool, preemptionPolicy *string, " +
    "overhead {}quantity, " +
    "topologySpreadConstraints []TopologySpreadConstraint merge=topologyKey, " +
    "setHostnameAsFQDN *bool, os=OS *PodOS, hostUsers *bool, " +
    "schedulingGates []PodSchedulingGate merge=name, " +
    "resourceClaims []PodResourceClaim merge=name, resources *ResourceRequirements, " +
    "hostnameOverride *string, workloadRef *WorkloadReference",
  PortworxVolumeSource: "volumeID string always, fsType=FSType string, readOnly bool",
  PreferredSchedulingTerm: "weight int32 always, preference NodeSelectorTerm always",
  Probe:
    "exec *ExecAction, httpGet=HTTPGet *HTTPGetAction, tcpSocket=TCPSocket *TCPSocketAction, " +
    "grpc=GRPC *GRPCAction, initialDelaySeconds int32, timeoutSeconds int32, " +
    "periodSeconds int32, successThreshold int32, failureThreshold int32, " +
    "terminationGracePeriodSeconds *int64",
  ProjectedVolumeSource: "sources []VolumeProjection always, defaultMode *int32",
  QuobyteVolumeSource:
    "registry string always, volume string always, readOnly bool, user string, group string, " +
    "tenant string",
  RBDVolumeSource: "monitors=CephMonitors []string always, image=RBDImage string always, " +
    "fsType=FSType string, pool=RBDPool string, user=RadosUser string, keyring string, " +
    "secretRef *LocalObjectReference, readOnly bool",
  ResourceClaim: "name string always, request string",
  ResourceFieldSelector: "containerName string, resource string always, divisor quantity",
  ResourceRequirements: "limits {}quantity, requests {}quantity, claims []ResourceClaim",
  SELinuxOptions: "user string, role string, type string, level string",
  ScaleIOVolumeSource:
    "gateway string always, system string always, secretRef *LocalObjectReference always, " +
    "sslEnabled=SSLEnabled bool, protectionDomain string, storagePool string, " +
    "storageMode string, volumeName string, fsType=FSType string, readOnly bool",
  SeccompProfile: "type string always, localhostProfile *string",
  SecretEnvSource: "name string, optional *bool",
  SecretKeySelector: "name string, key string always, optional *bool",
  SecretProjection: "name string, items []KeyToPath, optional *bool",
  SecretVolumeSource: "secretName string, items []KeyToPath, defaultMode *int32, optional *bool",
  SecurityContext: "capabilities *Capabilities, privileged *bool, " +
    "seLinuxOptions=SELinuxOptions *SELinuxOptions, " +
    "windowsOptions *WindowsSecurityContextOptions, runAsUser *int64, runAsGroup *int64, " +
    "runAsNonRoot *bool, readOnlyRootFilesystem *bool, allowPrivilegeEscalation *bool, " +
    "procMount *string, seccompProfile *SeccompProfile, appArmorProfile *AppArmorProfile",
  ServiceAccountTokenProjection: "audience string, expirationSeconds *int64, path string always",
  SleepAction: "seconds int64 always",
  StorageOSVolumeSource:
    "volumeName string, volumeNamespace string, fsType=FSType string, readOnly bool, " +
    "secretRef *LocalObjectReference",
  Sysctl: "name string always, value string always",
  TCPSocketAction: "port intOrString always, host string",
  Toleration: "key string, operator string, value string, effect string, tolerationSeconds *int64",
  TopologySpreadConstraint:
    "maxSkew int32 always, topologyKey string always, whenUnsatisfiable string always, " +
    "labelSelector *LabelSelector, minDomains *int32, nodeAffinityPolicy *string, " +
    "nodeTaintsPolicy *string, matchLabelKeys []string",
  TypedLocalObjectReference:
    "apiGroup=APIGroup *string always, kind string always, name string always",
  TypedObjectReference:
    "apiGroup=APIGroup *string always, kind string always, name string always, " +
    "namespace *string",
  Volume: "name string always, hostPath *HostPathVolumeSource, emptyDir *EmptyDirVolumeSource, " +
    "gcePersistentDisk=GCEPersistentDisk *GCEPersistentDiskVolumeSource, " +
    "awsElasticBlockStore=AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource, " +
    "gitRepo *GitRepoVolumeSource, secret *SecretVolumeSource, nfs=NFS *NFSVolumeSource, " +
    "iscsi=ISCSI *ISCSIVolumeSource, glusterfs *GlusterfsVolumeSource, " +
    "persistentVolumeClaim *PersistentVolumeClaimVolumeSource, rbd=RBD *RBDVolumeSource, " +
    "flexVolume *FlexVolumeSource, cinder *CinderVolumeSource, " +
    "cephfs=CephFS *CephFSVolumeSource, flocker *FlockerVolumeSource, " +
    "downwardAPI *DownwardAPIVolumeSource, fc=FC *FCVolumeSource, " +
    "azureFile *AzureFileVolumeSource, configMap *ConfigMapVolumeSource, " +
    "vsphereVolume *VsphereVirtualDiskVolumeSource, quobyte *QuobyteVolumeSource, " +
    "azureDisk *AzureDiskVolumeSource, " +
    "photonPersistentDisk *PhotonPersistentDiskVolumeSource, " +
    "projected *ProjectedVolumeSource, portworxVolume *PortworxVolumeSource, " +
    "scaleIO *ScaleIOVolumeSource, storageos=StorageOS *StorageOSVolumeSource, " +
    "csi=CSI *CSIVolumeSource, ephemeral *EphemeralVolumeSource, image *ImageVolumeSource",
  VolumeDevice: "name string always, devicePath string always",
  VolumeMount:
    "name string always, readOnly bool, recursiveReadOnly *string, mountPath string always, " +
    "subPath string, mountPropagation *string, subPathExpr string",
  VolumeProjection: "secret *SecretProjection, downwardAPI *DownwardAPIProjection, " +
    "configMap *ConfigMapProjection, serviceAccountToken *ServiceAccountTokenProjection, " +
    "clusterTrustBundle *ClusterTrustBundleProjection, " +
    "podCertificate *PodCertificateProjection",
  VolumeResourceRequirements: "limits {}quantity, requests {}quantity",
  VsphereVirtualDiskVolumeSource:
    "volumePath string always, fsType=FSType string, storagePolicyName string, " +
    "storagePolicyID string",
  WeightedPodAffinityTerm: "weight int32 always, podAffinityTerm PodAffinityTerm always",
  WindowsSecurityContextOptions: "gmsaCredentialSpecName=GMSACredentialSpecName *string, " +
    "gmsaCredentialSpec=GMSACredentialSpec *string, runAsUserName *string, hostProcess *bool",
  WorkloadReference: "name string always, podGroup string always, podGroupReplicaKey string",
};
